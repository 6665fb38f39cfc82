import { chmod, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'

import { toCloudError } from '../../src/clouds/local/faults.ts'
import { idOf } from '../../src/clouds/local/folders.ts'
import { Journal, tailOf } from '../../src/clouds/local/journal.ts'
import { local } from '../../src/clouds/local/local.ts'
import { Loopback } from '../../src/clouds/local/loopback.ts'
import { type Ending, restarts } from '../../src/clouds/local/service.ts'
import { pythonOf } from '../../src/clouds/local/settings.ts'

const folder = await mkdtemp(join(tmpdir(), 'local-parts-'))
afterAll(async () => rm(folder, { recursive: true, force: true }))
const call = { signal: new AbortController().signal }

describe('settings', () => {
  const path = 'spec.cloud.local'

  const wish = { sizes: [], purchasing: 'OnDemand' } as const

  test('an interpreter rides in the offering, and changes the intent', () => {
    const settings = local.parse({ python: '/opt/py thon/bin/python' }, path)
    expect(local.offerings?.(settings, wish).map(pythonOf)).toEqual(['/opt/py thon/bin/python'])
    expect(local.offerings?.(local.parse({}, path), wish).map(pythonOf)).toEqual([undefined])
    expect(local.intent(settings, 'worker')).not.toEqual(local.intent(local.parse({}, path), 'worker'))
  })

  test.each([
    { python: 'python3' },
    { python: './python' },
    { python: '' },
    { python: 3 },
    { python: '/a\nb' },
    { python: `/${'a'.repeat(300)}` },
    { directory: '/tmp' },
  ])('%j is refused with its path', wrong => {
    expect(() => local.parse(wrong, path)).toThrow(/^spec\.cloud\.local\.(python|directory): /)
  })
})

test.each([
  ['EACCES', 'unauthorized'],
  ['EROFS', 'unauthorized'],
  ['ENOSPC', 'quota'],
  ['EMFILE', 'no-capacity'],
  ['EAGAIN', 'no-capacity'],
  ['EIO', 'unavailable'],
  ['ENOTDIR', 'bug'],
])('%s is %s, and no path of this computer is told', (code, fault) => {
  const error = Object.assign(new Error(`${code}: open '/home/somebody'`), { code })
  const translated = toCloudError(error, call)
  expect(translated.fault).toBe(fault)
  expect(translated.message).not.toContain('/home')
})

const exited = (status: number): Ending => ({ kind: 'exited', status })
const killed = (signal: string): Ending => ({ kind: 'killed', signal })
const failed: Ending = { kind: 'not-started', problem: '' }

test.each([
  { ending: exited(0), always: true, onFailure: false },
  { ending: exited(1), always: true, onFailure: true },
  { ending: exited(86), always: false, onFailure: false },
  { ending: killed('SIGTERM'), always: true, onFailure: false },
  { ending: killed('SIGKILL'), always: true, onFailure: true },
  { ending: failed, always: true, onFailure: true },
])('after $ending a service starts again as under systemd', ({ ending, always, onFailure }) => {
  const rules = { finalStatuses: [86], cleanStatuses: [86] }
  expect(restarts({ ...rules, restart: 'always' }, ending)).toBe(always)
  expect(restarts({ ...rules, restart: 'on-failure' }, ending)).toBe(onFailure)
})

test('the same token gives the same machines, and another installation’s gives others', () => {
  const ids = [idOf('a', 't', 0), idOf('a', 't', 1), idOf('b', 't', 0), idOf('a', 'u', 0)]
  expect(new Set(ids).size).toBe(4)
  expect(idOf('a', 't', 0)).toBe(ids[0])
})

test('a journal never grows beyond its limit and once as much', async () => {
  const path = join(folder, 'journal.log')
  {
    using journal = new Journal(path, 1_000)
    for (let line = 0; line < 100; line++) journal.write(Buffer.from(`line ${line} ${'x'.repeat(40)}\n`))
  }
  expect((await stat(path)).size).toBeLessThanOrEqual(1_000)
  expect((await stat(`${path}.1`)).size).toBeLessThanOrEqual(1_000)
  expect(await tailOf(path, 60)).toMatch(/line 99 x+\n$/)
})

describe('an address', () => {
  const claims = join(folder, 'claims')

  test('is one machine’s alone, and free again when it is released', async () => {
    const loopback = new Loopback(claims)
    const holders = Array.from({ length: 20 }, (_, at) => join(folder, `holder-${at}`))
    const endpoints = await Promise.all(holders.map(holder => loopback.claim(9000, holder)))
    expect(new Set(endpoints.map(({ host, port }) => `${host}:${port}`)).size).toBe(20)
    for (const [at, endpoint] of endpoints.entries()) await loopback.release(endpoint, holders[at] ?? '')
    expect(await readdir(claims)).toEqual([])
  })

  test('is not released by somebody else', async () => {
    const loopback = new Loopback(claims)
    const endpoint = await loopback.claim(9000, 'holder')
    await loopback.release(endpoint, 'thief')
    expect(await readdir(claims)).toHaveLength(1)
    await loopback.release(endpoint, 'holder')
  })

  test('is not taken from a folder that others may write', async () => {
    const open = join(folder, 'open')
    await mkdir(open)
    await chmod(open, 0o777)
    await expect(new Loopback(open).claim(9000, 'holder')).rejects.toMatchObject({ fault: 'unauthorized' })
  })

  test('where only 127.0.0.1 is there, is a port of its own', async () => {
    const loopback = new Loopback(claims, async () => false)
    const [one, two] = [await loopback.claim(9000, 'a'), await loopback.claim(9000, 'b')]
    expect([one.host, two.host]).toEqual(['127.0.0.1', '127.0.0.1'])
    expect(one.port).not.toBe(two.port)
  })
})
