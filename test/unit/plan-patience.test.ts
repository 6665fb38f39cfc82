import { describe, expect, test } from 'vitest'
import { machineId } from '../../src/model/names.ts'
import { closeLimitMs, drainLimitMs } from '../../src/plan/departures.ts'
import { aMachine, aScheduler, aWorker, now } from '../support/a-world.ts'
import { steps } from '../support/plan-steps.ts'

const machines = [aScheduler(), aMachine('w1', { ageMs: 9_000 }), aMachine('w2', { ageMs: 8_000 })]
const w2 = machineId('w2')
const silent = { scheduler: { kind: 'silent', problem: '' } } as const
const closing = [aWorker('w1'), aWorker('w2', { status: 'closing_gracefully', executing: 3 })]
const ago = (ms: number) => new Map([[w2, now - ms]])
const joinLimitMs = 900_000

describe('nothing waits for ever', () => {
  test('a worker that was asked to drain and does not is closed after the limit', () => {
    const seeing = { replicas: 1, machines, workers: [aWorker('w1'), aWorker('w2')] }
    expect(steps({ ...seeing, memory: { draining: ago(1_000) } })).toEqual([])
    expect(steps({ ...seeing, memory: { draining: ago(drainLimitMs + 1) } })).toEqual(['close-workers w2'])
  })

  test('a worker whose scheduler does not let it go ends after another limit', () => {
    const seeing = { replicas: 1, machines, workers: closing }
    const memory = { draining: ago(drainLimitMs + 60_000) }
    expect(steps({ ...seeing, memory: { ...memory, closing: ago(1_000) } })).toEqual([])
    expect(steps({ ...seeing, memory: { ...memory, closing: ago(closeLimitMs + 1) } })).toEqual([
      'terminate w2',
    ])
  })

  test('a scheduler that has been silent for too long does not keep machines nobody wants', () => {
    const seeing = { replicas: 1, machines, world: silent }
    expect(steps({ ...seeing, memory: { silentSince: now - 1_000 } })).toEqual([])
    expect(steps({ ...seeing, memory: { silentSince: now - drainLimitMs - 1 } })).toEqual(['terminate w2'])
  })

  test('row 24: a worker that never joins is given up, an answering scheduler being there to know', () => {
    const memory = { unjoined: ago(joinLimitMs + 1) }
    expect(steps({ replicas: 2, machines, workers: [aWorker('w1')], memory })).toEqual(['give-up w2'])
    expect(steps({ replicas: 2, machines, world: silent, memory })).toEqual([])
  })

  test('row 24: a scheduler that never comes up is given up; one that served is not', () => {
    const memory = { unjoined: new Map([[machineId('s'), now - joinLimitMs - 1]]) }
    const seeing = { machines: [aScheduler()], memory }
    expect(steps({ ...seeing, world: { ...silent, hasServed: false } })).toEqual(['give-up s'])
    expect(steps({ ...seeing, world: { ...silent, hasServed: true } })).toEqual([])
  })
})

test('an abandoned cluster is let go without its cloud', () => {
  const cluster = { inventory: { kind: 'silent', problem: '', fault: 'unavailable' } } as const
  const seeing = { phase: 'deleting', isAbandoned: true } as const
  expect(steps({ ...seeing, world: cluster })).toEqual(['remove-certificates'])
  expect(steps({ ...seeing, world: { ...cluster, certificates: { kind: 'removed' } } })).toEqual(['release'])
  expect(steps({ phase: 'deleting', world: cluster })).toEqual([])
})
