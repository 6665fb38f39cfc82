import { describe, expect, test } from 'vitest'
import { fingerprint, machineId } from '../../src/model/names.ts'
import type { World } from '../../src/model/world.ts'
import { findings } from '../../src/reconcile/findings.ts'
import { aCluster, aMachine, aScheduler, aWorld, now, type Seeing } from '../support/a-world.ts'
import { steps } from '../support/plan-steps.ts'

const minutes = (count: number): number => count * 60_000
const problem = '10.0.0.7:8786 did not accept the connection in time'
const unreached = { kind: 'silent', problem, unreached: true } as const
const refused = { kind: 'silent', problem: '10.0.0.7:8786 refused the connection' } as const

const since = (ms: number) => ({ unjoined: new Map([[machineId('s'), now - ms]]) })
const machines = [aScheduler(), aMachine('w1'), aMachine('w2')]
const network = (exposure: 'Private' | 'Public') => ({ cluster: cluster(exposure), hasServed: false })
const cluster = (exposure: 'Private' | 'Public') => ({
  ...aCluster({ replicas: 3 }),
  network: { exposure, allowedCIDRs: [] },
})

function said(seeing: Seeing, type: string) {
  return findings(aWorld(seeing), []).find(each => each.type === type)
}

const seeing = (scheduler: World['scheduler'], ms: number, exposure: 'Private' | 'Public' = 'Private') => ({
  machines,
  memory: since(ms),
  world: { scheduler, ...network(exposure) },
})

describe('a scheduler that runs, as its cloud says, where the operator has no way to', () => {
  test('is starting for three minutes, and out of reach from then on: nobody knows whether it serves', () => {
    expect(said(seeing(unreached, minutes(2)), 'SchedulerReady')).toMatchObject({ reason: 'Starting' })
    const late = seeing(unreached, minutes(4))
    expect(said(late, 'SchedulerReady')).toMatchObject({ status: 'Unknown', reason: 'Unreachable' })
    expect(said(late, 'Ready')).toMatchObject({ status: 'Unknown', reason: 'SchedulerUnreachable' })
  })

  test('is said with what to do: another way for a private address than for a public one', () => {
    const [own, outside] = (['Private', 'Public'] as const).map(
      exposure => said(seeing(unreached, minutes(4), exposure), 'SchedulerReady')?.message,
    )
    expect(own).toContain(problem)
    expect(own).toContain('peered')
    expect(outside).toContain('spec.network.allowedCIDRs')
    expect(outside).not.toContain('peered')
  })

  test('what the cloud itself reports is still shown', () => {
    const late = seeing(unreached, minutes(4))
    expect(said(late, 'WorkersReady')).toMatchObject({
      reason: 'Unreachable',
      message:
        'The scheduler that knows them does not answer; the cloud has 2 machines for the 3 that are wanted.',
    })
    expect(said(late, 'CloudReachable')).toMatchObject({ status: 'True' })
  })

  test('one that refuses is reached, and has not started', () => {
    expect(said(seeing(refused, minutes(14)), 'SchedulerReady')).toMatchObject({ reason: 'Starting' })
  })

  test('one whose machine still boots is not waited for by anybody else', () => {
    const booting = {
      ...seeing(unreached, minutes(4)),
      machines: [aScheduler({ state: { kind: 'starting' } })],
    }
    expect(said(booting, 'SchedulerReady')).toMatchObject({ reason: 'Starting' })
  })
})

const after = (attempts: number) => ({
  pauses: new Map([
    [
      'scheduler',
      { until: now - 1, attempts, fault: 'not-started', problem: '', fingerprint: fingerprint('v1:a.0') },
    ] as const,
  ]),
})

const planned = (scheduler: World['scheduler'], ms: number, attempts: number) =>
  steps({
    machines: [aScheduler()],
    memory: { ...since(ms), ...(attempts === 0 ? {} : after(attempts)) },
    world: { scheduler, hasServed: false },
  })

describe('row 24: machines are not made for ever for a scheduler that nobody can reach', () => {
  test.each([
    { attempts: 0, limit: 15 },
    { attempts: 1, limit: 30 },
    { attempts: 2, limit: 60 },
    { attempts: 5, limit: 480 },
    { attempts: 50, limit: 1_920 },
  ])('after $attempts that were given up, the next has $limit minutes', ({ attempts, limit }) => {
    expect(planned(unreached, minutes(limit - 1), attempts)).toEqual([])
    expect(planned(unreached, minutes(limit) + 1, attempts)).toEqual(['give-up s'])
  })

  test('one that can be reached and does not come up has as long as ever', () => {
    expect(planned(refused, minutes(16), 3)).toEqual(['give-up s'])
  })

  test('one that was wanted otherwise when others were given up begins anew', () => {
    const memory = { ...since(minutes(16)), ...after(3) }
    const wanted = { machines: [aScheduler({ version: 'b' })], memory, version: 'b' }
    expect(steps({ ...wanted, world: { scheduler: unreached, hasServed: false } })).toEqual(['give-up s'])
  })
})
