// Before what brings node:crypto along: loaded after it by the test runner, Node's tls lacks half of its functions.
// oxlint-disable-next-line import/no-unassigned-import -- only the order matters
import 'node:tls'

import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { createBundle } from '../../src/pki/bundle.ts'
import { bundle, identity } from '../support/boots.ts'
import { freePort } from '../support/dask-processes.ts'
import { aTlsPort } from '../support/tls-port.ts'
import { WatchedMachine } from '../support/watched-machine.ts'

const interruption = [
  'spot/instance-action',
  '{"action": "terminate", "time": "2026-09-18T08:22:00Z"}',
] as const
const rebalance = ['events/recommendations/rebalance', '{"noticeTime": "2026-09-18T08:20:00Z"}'] as const
const host = '127.0.0.1'

let machine: WatchedMachine
beforeEach(async () => {
  machine = await WatchedMachine.create()
})
afterEach(async () => machine[Symbol.asyncDispose]())

test('until somebody was there, the console shows what Dask’s unit says, each line once', async () => {
  await machine.settle('worker')
  const journal = join(machine.folder, 'journal')
  await writeFile(journal, 'install: making the environment\nNo solution found\n')
  await machine.start()
  await machine.until(async () => (await machine.read('console')).includes('No solution'))
  await machine.looks(2)
  const shown = 'dask-boot: install: making the environment\ndask-boot: No solution found\n'
  expect(await machine.read('console')).toBe(shown)
  await machine.beat()
  await machine.looks(3)
  await writeFile(journal, 'a task prints\n')
  await machine.looks(2)
  expect(await machine.read('console')).toBe(shown)
})

describe('the cloud’s notices', () => {
  test.each([
    { notice: interruption, want: 'interruption' },
    { notice: rebalance, want: 'rebalance' },
  ])('$want is passed on, and said on the console', async ({ notice: [path, body], want }) => {
    await machine.settle('worker')
    await machine.start()
    await machine.looks(2)
    expect(await machine.read('notice')).toBe('')
    machine.notices.set(path, body)
    await machine.until(async () => (await machine.read('notice')) === want)
    await machine.until(async () => (await machine.read('console')).includes(want))
    expect(machine.isOff).toBe(false)
    expect(machine.heard).toEqual({ refused: 0, tokens: 1 })
  })

  test('the graver one comes over the other', async () => {
    await machine.settle('worker')
    await machine.start()
    machine.notices.set(...rebalance)
    await machine.until(async () => (await machine.read('notice')) === 'rebalance')
    machine.notices.set(...interruption)
    await machine.until(async () => (await machine.read('console')).includes('interruption'))
    expect(await machine.read('notice')).toBe('interruption')
    expect(await machine.read('console')).toMatch(/rebalance\n.*interruption\n/)
  })

  test('a token that is no longer known is replaced by another', async () => {
    await machine.settle('worker')
    await machine.start()
    await machine.looks(2)
    machine.forgetTokens()
    machine.notices.set(...interruption)
    await machine.until(async () => (await machine.read('notice')) === 'interruption')
    expect(machine.heard).toEqual({ refused: 1, tokens: 2 })
  })

  test('a worker’s machine is powered off once its worker has left', async () => {
    await machine.settle('worker')
    await machine.start()
    machine.notices.set(...interruption)
    await machine.until(async () => (await machine.read('notice')) !== '')
    await machine.looks(2)
    expect(machine.isOff).toBe(false)
    await rm(join(machine.folder, 'dask'), { recursive: true })
    await machine.until(() => machine.isOff)
    expect(await machine.read('console')).toContain('powering off: its worker has left')
  })

  test('a scheduler’s is not: the cloud ends it when it does', async () => {
    await machine.settle('scheduler')
    await machine.start()
    machine.notices.set(...interruption)
    await machine.until(async () => (await machine.read('notice')) !== '')
    await rm(join(machine.folder, 'dask'), { recursive: true })
    await machine.looks(3)
    expect(machine.isOff).toBe(false)
  })
})

describe('a machine that is alone', () => {
  test('as a scheduler without operator and clients, powers itself off after its limit, and not before', async () => {
    await machine.settle('scheduler', { absenceS: 1 })
    const began = performance.now()
    await machine.start()
    await machine.until(() => machine.isOff)
    expect(performance.now() - began).toBeGreaterThan(1_000)
    expect(await machine.read('console')).toContain(
      'powering off: neither the operator nor a client was there for 1 s',
    )
  })

  test('as a scheduler that is heard of, stays for as long as it is', async () => {
    await machine.settle('scheduler', { absenceS: 2 })
    await machine.start()
    const began = performance.now()
    await machine.until(async () => {
      await machine.beat()
      return performance.now() - began > 4_000
    })
    expect(machine.isOff).toBe(false)
    await machine.until(() => machine.isOff)
    expect(await machine.read('console')).toContain('powering off')
  })

  test('as a worker whose scheduler is gone, powers itself off', async () => {
    await machine.settle('worker', { absenceS: 1, scheduler: { host, port: await freePort() } })
    await machine.start()
    await machine.until(() => machine.isOff)
    expect(await machine.read('console')).toContain(
      'powering off: no scheduler has accepted a connection for 1 s',
    )
  })

  test.each([
    { who: 'a scheduler of its cluster', of: bundle },
    {
      who: 'one whose certificate has run out',
      of: createBundle(identity, Date.now() - 20 * 365 * 86_400_000),
    },
  ])('as a worker that has no connection to $who, stays while that one listens', async ({ of }) => {
    const port = await aTlsPort(of)
    await machine.settle('worker', { absenceS: 1, scheduler: { host, port: port.port } })
    await machine.start(of)
    await machine.looks(60)
    expect(machine.isOff).toBe(false)
    await port[Symbol.asyncDispose]()
    await machine.until(() => machine.isOff)
    expect(await machine.read('console')).toContain('powering off')
  })

  test('as a worker whose scheduler has another authority by now stays, where Dask has heard of that one', async () => {
    const rolled = createBundle(identity, Date.now())
    await using port = await aTlsPort(rolled)
    await machine.settle('worker', { absenceS: 1, scheduler: { host, port: port.port } })
    await writeFile(join(machine.folder, 'renewed.pem'), rolled.authority.certificate)
    await machine.start()
    await machine.looks(60)
    expect(machine.isOff).toBe(false)
  })

  test('as a worker at whose scheduler’s address a stranger listens, powers itself off', async () => {
    await using stranger = await aTlsPort(createBundle(identity, Date.now()))
    await machine.settle('worker', { absenceS: 1, scheduler: { host, port: stranger.port } })
    await machine.start()
    await machine.until(() => machine.isOff)
    expect(await machine.read('console')).toContain('powering off')
  })

  test('does so as well where the metadata service does not answer', async () => {
    const metadata = `http://127.0.0.1:${await freePort()}`
    await machine.settle('scheduler', { absenceS: 1, metadata })
    await machine.start()
    await machine.until(() => machine.isOff)
    expect(await machine.read('console')).toContain('powering off')
  })
})
