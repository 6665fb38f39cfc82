import { describe, expect, test } from 'vitest'
import { fingerprint, machineId } from '../../src/model/names.ts'
import type { Pause } from '../../src/model/world.ts'
import { findings } from '../../src/reconcile/findings.ts'
import { Pauses } from '../../src/reconcile/pauses.ts'
import { aLaunch, aMachine, aScheduler, aWorld, now, type Seeing } from '../support/a-world.ts'
import { steps } from '../support/plan-steps.ts'

const { scheduler } = aWorld().cluster
const promises = { horizonMs: 180_000, maxBatch: 100, stableAddress: true, movesAddress: true } as const
const fresh = { promises, hasServed: false } as const
const served = { promises, hasServed: true } as const

const resting = (changes: Partial<Pause> = {}) => ({
  pauses: new Map([
    [
      scheduler.name,
      {
        until: now + 5_000,
        attempts: 1,
        fault: 'no-capacity' as const,
        problem: 'none left',
        fingerprint: scheduler.fingerprint,
        ...changes,
      },
    ],
  ]),
})
const seeing = (changes: Seeing = {}): Seeing => ({
  replicas: 2,
  memory: resting(),
  world: fresh,
  ...changes,
})

const told = (changes: Seeing) =>
  findings(aWorld(seeing(changes)), []).find(({ type }) => type === 'SchedulerReady')?.reason

describe('a scheduler that cannot be had where its address is', () => {
  test('is tried elsewhere', () => {
    expect(steps(seeing())).toEqual(['move-address'])
  })

  test.each([
    ['in a cloud whose addresses are everywhere', { world: { hasServed: false } }],
    ['for another reason', { memory: resting({ fault: 'throttled' }) }],
    ['as it was asked for before', { memory: resting({ fingerprint: fingerprint('v1:b') }) }],
    ['where it has served', { world: served }],
  ] as const)('%s: it is not moved', (_, changes) => {
    expect(steps(seeing(changes))).not.toContain('move-address')
  })

  test('is moved once in a pause, and workers wait after it', () => {
    expect(steps(seeing({ memory: resting({ isMoved: true }) }))).toEqual([])
    const over = resting({ isMoved: true, until: now - 1 })
    expect(steps(seeing({ memory: over }))).toEqual(['record 1 scheduler'])
  })

  test('is not moved while a machine of its own is there, ending or not', () => {
    const leaving = aMachine('s', { role: 'scheduler', state: { kind: 'leaving' } })
    expect(steps(seeing({ machines: [leaving] }))).not.toContain('move-address')
    expect(steps(seeing({ machines: [aScheduler()] }))).not.toContain('move-address')
  })

  test('is moved when the workers that know its address have been ended', () => {
    const machines = [aMachine('w1'), aMachine('w2')]
    expect(steps(seeing({ machines }))).toEqual(['terminate w1 w2'])
    const ended = new Map(machines.map(({ id }) => [id, now] as const))
    expect(steps(seeing({ machines, memory: { ...resting(), terminated: ended } }))).toEqual([])
    const leaving = [aMachine('w1', { state: { kind: 'leaving' } })]
    expect(steps(seeing({ machines: leaving }))).toEqual(['move-address'])
  })

  test('is not moved while a launch of workers may still make machines', () => {
    const launches = [aLaunch('0000000000000001')]
    expect(steps(seeing({ launches }))).toEqual([])
    const state = { kind: 'accepted', at: now - 500, machines: [machineId('w1')] } as const
    expect(steps(seeing({ launches: [aLaunch('0000000000000001', { state })] }))).toEqual(['terminate w1'])
  })

  test('says that it is tied to its address where it has served', () => {
    expect(told({ world: served })).toBe('NoCapacity')
    expect(told({})).toBe('Missing')
  })
})

test('a move is remembered until the next failure, and no longer', () => {
  const pauses = new Pauses()
  const because = { fault: 'no-capacity', problem: 'none left' } as const
  const pause = () => pauses.snapshot().get(scheduler.name)
  pauses.moved(scheduler.name)
  expect(pause()).toBeUndefined()
  pauses.begin(scheduler, because, now)
  pauses.moved(scheduler.name)
  expect(pause()).toMatchObject({ attempts: 1, isMoved: true })
  pauses.begin(scheduler, because, now)
  expect(pause()).toMatchObject({ attempts: 2 })
  expect(pause()?.isMoved).toBeUndefined()
})
