import { expect, test } from 'vitest'
import type { Status } from '../../src/model/status.ts'
import type { World } from '../../src/model/world.ts'
import { Ledger } from '../../src/reconcile/ledger.ts'
import type { Hands, Seen } from '../../src/reconcile/ports.ts'
import { publish } from '../../src/reconcile/publish.ts'
import { aMachine, aScheduler, aWorker, aWorld, now } from '../support/a-world.ts'

const call = { signal: new AbortController().signal }
const machines = [aScheduler(), aMachine('w1'), aMachine('w2')]

/** A resource whose status is what was published last, and a count of its writes. */
function aDesk() {
  const ledger = new Ledger(now)
  const desk: { status: Status; writes: number; told: string[] } = {
    status: { conditions: [] },
    writes: 0,
    told: [],
  }
  const hands: Pick<Hands, 'publish' | 'report'> = {
    publish: async (_subject, status) => {
      desk.status = status
      desk.writes += 1
    },
    report: (_subject, { kind, reason, message }) => void desk.told.push(`${kind} ${reason} ${message}`),
  }
  const write = (world: World): Promise<number> => {
    const seen: Seen = {
      cluster: world.cluster,
      resourceVersion: '1',
      hasFinalizer: true,
      finalizers: [],
      placement: undefined,
      ledger: undefined,
      launches: [],
      status: desk.status,
    }
    return publish({ seen, world, outcomes: [], ledger }, hands, call)
  }
  return { desk, write }
}

const at = (afterMs: number, ...workers: readonly string[]): World => ({
  ...aWorld({ replicas: 2, machines, workers: workers.map(id => aWorker(id)) }),
  now: now + afterMs,
})

test('an unchanged status is not written again', async () => {
  const { desk, write } = aDesk()
  await write(at(0, 'w1', 'w2'))
  expect(await write(at(60_000, 'w1', 'w2'))).toBe(Infinity)
  expect(desk.writes).toBe(1)
})

test('a change of a condition is written at once, one of counts alone ten seconds after the last write', async () => {
  const { desk, write } = aDesk()
  await write(at(0, 'w1', 'w2'))
  await write(at(1_000, 'w1'))
  expect(desk.writes).toBe(2)
  expect(
    await write({
      ...at(3_000),
      scheduler: { kind: 'answering', id: 'x', workers: [aWorker('w2')], idleness: { kind: 'busy' } },
    }),
  ).toBe(Infinity)
  const more = {
    ...at(4_000, 'w1'),
    inventory: { ...aWorld({ machines: [...machines, aMachine('w3')] }).inventory },
  }
  expect(await write(more)).toBe(7_000)
  expect(desk.writes).toBe(2)
  expect(await write({ ...more, now: now + 11_000 })).toBe(Infinity)
  expect([desk.writes, desk.status.workers?.replicas]).toEqual([3, 3])
})

test('readySince stays through trouble and goes with suspension', async () => {
  const { desk, write } = aDesk()
  await write(at(0, 'w1', 'w2'))
  const since = desk.status.readySince
  expect(since).toBe(new Date(now).toISOString())
  await write(at(20_000))
  expect(desk.status.readySince).toBe(since)
  await write({ ...aWorld({ replicas: 2, phase: 'suspended' }), now: now + 40_000 })
  expect(desk.status.readySince).toBeUndefined()
})

test('each new mistake in a Secret of a cluster that works is one event, and it works on', async () => {
  const { desk, write } = aDesk()
  const serving = at(0, 'w1', 'w2')
  const tls = { kind: 'provided', secrets: { scheduler: 'mine', worker: 'mine', client: 'mine' } } as const
  const look = (afterMs: number, problem?: string): Promise<number> => {
    const concern = problem === undefined ? {} : { concern: { reason: 'SecretInvalid', problem } }
    const certificates = { kind: 'valid', notAfter: now + 1e9, renewAt: Infinity, ...concern } as const
    return write({ ...serving, now: now + afterMs, cluster: { ...serving.cluster, tls }, certificates })
  }
  await look(0)
  desk.told.length = 0
  await look(1_000, 'Secret mine, tls.key: is encrypted')
  expect(await look(4_000, 'Secret mine, tls.key: is not the key')).toBe(7_000)
  for (const ms of [11_000, 30_000, 60_000]) await look(ms, 'Secret mine, tls.key: is not the key')
  await look(90_000)
  expect(desk.told).toEqual([
    expect.stringMatching(/^Warning SecretInvalid Secret mine, tls.key: is encrypted\./),
    expect.stringMatching(/^Warning SecretInvalid Secret mine, tls.key: is not the key\./),
  ])
  expect(desk.status.conditions.find(({ type }) => type === 'Ready')?.status).toBe('True')
})
