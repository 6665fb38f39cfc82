import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'

const program = fileURLToPath(new URL('../../src/bootstrap/machine/fetch_uv.py', import.meta.url))
const wheel = (machine: string, more = ''): string =>
  `uv-0.13.9-py3-none-manylinux_2_17_${machine}.manylinux2014_${machine}${more}.whl`
const wheels = [wheel('x86_64'), wheel('aarch64', '.musllinux_1_1_aarch64')]

/** An index that asks for a password and has files of the right names that are not uv. */
const index = createServer((request, response) => {
  const path = request.url ?? ''
  const isAllowed = request.headers.authorization === `Basic ${btoa('me:p@ss')}`
  const isPage = path === '/full/uv/'
  const isKnown = isPage || wheels.some(each => path === `/files/${each}`)
  response.writeHead(isAllowed ? (isKnown ? 200 : 404) : 401)
  response.end(
    isPage ? wheels.map(each => `<a href="../../files/${each}#sha256=0">uv</a>`).join('') : 'no uv',
  )
})
let folder: string
beforeAll(async () => {
  index.listen(0, '127.0.0.1')
  await once(index, 'listening')
})
afterAll(() => index.close())
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'uv-'))
})
afterEach(async () => rm(folder, { recursive: true, force: true }))

const address = (name: string, account = 'me:p%40ss@'): string =>
  `http://${account}127.0.0.1:${(index.address() as AddressInfo).port}/${name}`

interface Answer {
  readonly status: number
  readonly said: string
  readonly told: string
}

function fetchInto(into: string, env: Readonly<Record<string, string>>): Promise<Answer> {
  const given = { PATH: process.env['PATH'] ?? '', HOME: folder, PIP_CONFIG_FILE: '/dev/null', ...env }
  return new Promise(resolve => {
    execFile('python3', ['-I', program, into], { env: given }, (error, told, said) =>
      resolve({ status: error === null ? 0 : Number(error.code), said, told }),
    )
  })
}

const isLinux = process.platform === 'linux'

test.skipIf(!isLinux)('a wheel of other content is not unpacked', async () => {
  const into = join(folder, 'uv')
  const answer = await fetchInto(into, { PIP_INDEX_URL: address('full') })
  expect(answer).toMatchObject({ status: 1, said: expect.stringContaining('is something else') })
  expect(await readdir(folder)).toEqual([])
})

test.skipIf(!isLinux)('an index without uv ends with a status of its own', async () => {
  const answer = await fetchInto(join(folder, 'uv'), { UV_DEFAULT_INDEX: address('empty') })
  expect(answer).toMatchObject({ status: 3, said: 'install: the package index has no uv\n' })
})

test.skipIf(!isLinux)('an index that refuses is tried again, and its password is not said', async () => {
  const answer = await fetchInto(join(folder, 'uv'), { PIP_INDEX_URL: address('full', 'me:wrong@') })
  expect(answer).toMatchObject({ status: 1, said: expect.stringContaining('cannot be fetched') })
  expect(answer.said).not.toContain('wrong')
})

test('uv is told of the index that pip is configured for, and of nothing that it knows itself', async () => {
  const pip = {
    PIP_INDEX_URL: 'https://one.example/simple',
    PIP_EXTRA_INDEX_URL: 'https://two.example/simple',
  }
  expect((await fetchInto('', pip)).told).toBe(
    'UV_SYSTEM_CERTS=true\nUV_DEFAULT_INDEX=https://one.example/simple\nUV_INDEX=https://two.example/simple\n',
  )
  expect((await fetchInto('', { ...pip, UV_INDEX_URL: 'https://uv.example/simple' })).told).toBe(
    'UV_SYSTEM_CERTS=true\n',
  )
})
