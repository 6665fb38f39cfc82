import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'

import { certifyLeaf } from '../../src/pki/leaf.ts'
import { requestedKey } from '../../src/pki/request.ts'
import { anIdentity, bundle, now } from '../support/pki-fixture.ts'

const folder = mkdtempSync(join(tmpdir(), 'request-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const openssl = (...args: readonly string[]): string =>
  execFileSync('openssl', [...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })

/** As a machine makes it (`bootstrap/machine/dask_tls.py`), for whatever it may ask. */
function aRequest(kind: readonly string[], ...asks: readonly string[]): string {
  const key = join(folder, `${Math.random()}.key`)
  openssl('genpkey', ...kind, '-out', key)
  return openssl('req', '-new', '-key', key, '-subj', '/CN=dask', ...asks)
}
const p256 = ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']
const good = aRequest(p256)

test('a request’s key gets a certificate of the role that its holder has, whatever it asked for', () => {
  const asked = aRequest(
    p256,
    '-addext',
    'subjectAltName=DNS:client.example',
    '-addext',
    'basicConstraints=CA:TRUE',
  )
  const key = requestedKey(asked)
  const pem = certifyLeaf(bundle.authority, key, { ...anIdentity, role: 'worker', now, days: 90 })
  const made = new X509Certificate(pem)
  expect(made.publicKey.equals(key)).toBe(true)
  expect(made.subjectAltName).toBe(`DNS:worker.${anIdentity.uid}.dask.internal`)
  expect(made.ca).toBe(false)
  expect(made.checkIssued(new X509Certificate(bundle.authority.certificate))).toBe(true)
})

const signedByAnother = (): string => {
  const lines = good.trim().split('\n')
  const der = Buffer.from(lines.slice(1, -1).join(''), 'base64')
  // The last byte is the signature's.
  der.writeUInt8((der.at(-1) ?? 0) ^ 1, der.length - 1)
  return `${lines[0]}\n${der.toString('base64')}\n${lines.at(-1)}\n`
}

test.each([
  { given: 'nothing', pem: '', problem: 'it is no certificate signing request' },
  { given: 'a certificate', pem: bundle.worker.certificate, problem: 'it is no certificate signing request' },
  {
    given: 'nonsense in armour',
    pem: good.replace(/\n[^-]+\n/, '\nAAAA\n'),
    problem: 'no certificate signing request',
  },
  {
    given: 'a signature that is not its key’s',
    pem: signedByAnother(),
    problem: 'not signed with its own key',
  },
  { given: 'an RSA key', pem: aRequest(['-algorithm', 'RSA']), problem: 'its key is not EC P-256' },
  {
    given: 'another curve',
    pem: aRequest([...p256.slice(0, -1), 'ec_paramgen_curve:P-384']),
    problem: 'not EC P-256',
  },
  { given: 'another hash', pem: aRequest(p256, '-sha512'), problem: 'not signed with ECDSA and SHA-256' },
])('$given is refused', ({ pem, problem }) => {
  expect(() => requestedKey(pem)).toThrow(problem)
})
