import { execFile } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { temporaryFolder } from '../../scripts/remains.ts'
import { browserFiles } from '../../src/pki/browser-files.ts'
import { createBundle } from '../../src/pki/bundle.ts'
import { certificatesView, inspectSecrets } from '../../src/pki/inspect.ts'
import { type Secret, secretsOf } from '../../src/pki/secret.ts'
import { inTime } from '../support/dask-processes.ts'
import { address, anIdentity, bundle, good, now, place, withData } from '../support/pki-fixture.ts'

const run = promisify(execFile)
const open = { ...place, forBrowsers: true }
const shown = secretsOf(bundle, open, address)
const fileOf = ({ data }: Secret, name: string): Buffer => Buffer.from(data[name] ?? '', 'base64')

let folder: string
beforeAll(async () => {
  folder = await temporaryFolder('pki-browser')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** What openssl finds in it. */
async function opened(file: Uint8Array, password: string, ...options: readonly string[]): Promise<string> {
  const path = join(folder, 'client.p12')
  await writeFile(path, file)
  const args = ['pkcs12', '-in', path, '-passin', `pass:${password}`, '-nodes', ...options]
  return (await run('openssl', args, inTime(20_000))).stdout
}

const pems = (text: string, kind: string): readonly string[] =>
  text.match(new RegExp(`-----BEGIN ${kind}-----[^-]+-----END ${kind}-----`, 'g')) ?? []

describe('client.p12', () => {
  test.each(Array.from({ length: 5 }, (_, at) => at))(
    'holds certificate, key and authority for openssl, whatever the dice give (%i)',
    async () => {
      const { client, authority } = createBundle(anIdentity, now)
      const files = browserFiles(client, authority.certificate, open)
      const text = await opened(files['client.p12'] ?? Buffer.alloc(0), String(files['client.p12.password']))
      expect(text).toContain('friendlyName: dask team-a/demo')
      expect(pems(text, 'CERTIFICATE').map(each => new X509Certificate(each).toString())).toEqual([
        client.certificate,
        authority.certificate,
      ])
      const [key = ''] = pems(text, 'PRIVATE KEY')
      expect(createPrivateKey(key).equals(createPrivateKey(client.key))).toBe(true)
    },
  )

  test('opens with its password alone', async () => {
    const file = fileOf(shown.client, 'client.p12')
    await expect(opened(file, 'password')).rejects.toThrow('invalid password')
    const password = fileOf(shown.client, 'client.p12.password').toString()
    expect(password).toMatch(/^[0-9a-f]{32}$/)
    expect(await opened(file, password, '-noout')).toBe('')
  })

  test('is there for browsers alone, and the same however often it is written', () => {
    expect(Object.keys(good.client.data)).not.toContain('client.p12')
    expect(secretsOf(bundle, open, address)).toEqual(shown)
    const { client: _client, ...others } = shown
    expect(Object.values(others).flatMap(({ data }) => Object.keys(data))).not.toContain('client.p12')
  })

  test('is another file for another authority, under the password that somebody may have noted', () => {
    const renewed = createBundle(anIdentity, now).authority
    const other = secretsOf({ ...bundle, authority: renewed }, open, address).client.data
    expect(other['client.p12']).not.toBe(shown.client.data['client.p12'])
    expect(other['client.p12.password']).toBe(shown.client.data['client.p12.password'])
    const another = secretsOf(createBundle(anIdentity, now), open, address).client.data
    expect(another['client.p12.password']).not.toBe(shown.client.data['client.p12.password'])
  })
})

describe('inspection', () => {
  test.each([
    { given: 'the file as it is to be', client: shown.client, place: open, want: 'valid' },
    { given: 'no file, and none is wanted', client: good.client, place, want: 'valid' },
    { given: 'no file', client: good.client, place: open, want: 'client.p12 is not' },
    { given: 'a file that is not wanted', client: shown.client, place, want: 'no browser has a use' },
    {
      given: 'a file that somebody changed',
      client: withData(shown.client, { 'client.p12': 'eA==' }),
      place: open,
      want: 'client.p12 is not',
    },
    {
      given: 'another password',
      client: withData(shown.client, { 'client.p12.password': 'eA==' }),
      place: open,
      want: 'client.p12 is not',
    },
  ])('of $given: $want', ({ client, place: where, want }) => {
    const inspection = inspectSecrets({ ...good, client }, { ...where, now, schedulerAddress: address })
    const view = certificatesView(inspection, where)
    expect(view.kind === 'broken' ? view.problem : view.kind).toContain(want)
  })
})
