import { describe, expect, test } from 'vitest'

import type { CertificatesView } from '../../src/model/certificates.ts'
import type { World } from '../../src/model/world.ts'
import { plan } from '../../src/plan/plan.ts'
import { findings } from '../../src/reconcile/findings.ts'
import { aMachine, aScheduler, aWorker, aWorld, now, type Seeing } from '../support/a-world.ts'
import { seeded } from '../support/random.ts'
import { aged, holding, inWords } from '../support/rotating.ts'

/** Certificates of 90 days, given ten seconds ago in place of some that had ended a minute before. */
const marks = { certificate: aged(0).certificate, authorities: ['old'] }
const certificates = (superseded?: { until: number; replacedAt: number }): CertificatesView => ({
  kind: 'valid',
  notAfter: now + 1e9,
  renewAt: Infinity,
  marks: { scheduler: marks, worker: marks },
  ...(superseded && { superseded }),
})
const ended = { until: now - 60_000, replacedAt: now - 10_000 }
const old = { ageMs: 300_000 }
const fresh = holding('b', aged(0))
const shutIn = { kind: 'silent', problem: 'it has a certificate that has expired', expired: true } as const

const stepsIn = ({ world, ...seeing }: Seeing) =>
  plan(aWorld({ ...seeing, world: { certificates: certificates(ended), ...world } })).map(inWords)

/** The scheduler tells that it holds what it is to hold. */
const answering = (
  ...workers: World['scheduler'] extends infer S ? (S extends { workers: infer W } ? W : never) : never
) => ({ kind: 'answering', id: 'Scheduler-2', idleness: { kind: 'busy' }, holds: aged(0), workers }) as const

describe('a worker whose certificates have ended', () => {
  const machines = [aScheduler(), aMachine('a', old), aMachine('b', { ageMs: 5_000 })]

  test.each<{ given: string; seeing: Seeing; want: readonly string[] }>([
    {
      given: 'that its scheduler does not know ends at once',
      seeing: { machines, world: { scheduler: answering(fresh) } },
      want: ['terminate a'],
    },
    {
      given: 'is asked to end once, and another takes its place',
      seeing: {
        machines,
        memory: { terminated: new Map([[aMachine('a').id, now - 1_000]]) },
        world: { scheduler: answering(fresh) },
      },
      want: ['launch 1'],
    },
    {
      given: 'and that is connected still works on until another serves in its place',
      seeing: { machines, world: { scheduler: answering(holding('a', aged(90)), fresh) } },
      want: ['launch 1'],
    },
    {
      given: 'makes no other one too many, and is ended once',
      seeing: { machines, replicas: 1, world: { scheduler: answering(fresh) } },
      want: ['terminate a'],
    },
    {
      given: 'is left alone while nobody answers who would know it',
      seeing: { machines, world: { scheduler: shutIn } },
      want: [],
    },
    {
      given: 'and whose launch was about when others came has its time to join',
      seeing: {
        machines: [aScheduler(), aMachine('a', { ageMs: 39_000 }), aMachine('b', { ageMs: 5_000 })],
        world: { scheduler: answering(fresh) },
      },
      want: [],
    },
    {
      given: 'in a minute has its time to join',
      seeing: {
        machines,
        world: {
          scheduler: answering(fresh),
          certificates: certificates({ ...ended, until: now + 60_000 }),
        },
      },
      want: [],
    },
  ])('$given: $want', ({ seeing, want }) => {
    expect(stepsIn({ replicas: 2, ...seeing })).toEqual(want)
  })

  test('and that is connected is replaced without waiting for an hour, and no other young one is', () => {
    const machines2 = [aScheduler(), aMachine('a', old), aMachine('b', { ageMs: 5_000 })]
    const scheduler = answering(holding('a', aged(90)), holding('b', aged(90)))
    const seeing = { replicas: 2, machines: machines2, world: { scheduler } }
    expect(stepsIn(seeing)).toEqual(['launch 1'])
    expect(stepsIn({ ...seeing, world: { scheduler, certificates: certificates() } })).toEqual([])
  })
})

test('in 2,000 worlds nobody ends for it but whoever cannot connect any more, and always by an answering scheduler’s word', () => {
  const seen = { ended: 0, spared: 0 }
  for (let seed = 1; seed <= 2_000; seed += 1) {
    const random = seeded(seed)
    const ages = Array.from({ length: 1 + random.below(6) }, () => random.below(200_000))
    const machines = [aScheduler(), ...ages.map((ageMs, at) => aMachine(`w${at}`, { ageMs }))]
    const connected = ages.map(() => random.below(2) === 0)
    const workers = ages.flatMap((_age, at) => (connected[at] ? [aWorker(`w${at}`)] : []))
    const superseded = {
      until: now - 50_000 + random.below(100_000),
      replacedAt: now - random.below(100_000),
    }
    const scheduler = random.below(4) === 0 ? shutIn : answering(...workers)
    const world = aWorld({
      replicas: random.below(8),
      machines,
      world: { certificates: certificates(superseded), scheduler },
    })
    const endedNow = plan(world).flatMap(step =>
      step.type === 'terminate' && step.because.includes('expired') ? step.machines : [],
    )
    const useless = ages.flatMap((ageMs, at) => {
      const isOld = now - ageMs < superseded.replacedAt - 30_000 && superseded.until <= now
      return isOld && scheduler.kind === 'answering' && !connected[at] ? [`w${at}`] : []
    })
    expect([...endedNow].toSorted(), `seed ${seed}`).toEqual(useless.toSorted())
    seen.ended += endedNow.length
    seen.spared += ages.length - endedNow.length
  }
  expect(Math.min(seen.ended, seen.spared)).toBeGreaterThan(300)
})

const shutOff = (hasServed: boolean, view = certificates(ended)): Seeing => ({
  machines: [aScheduler()],
  world: { scheduler: shutIn, hasServed, certificates: view },
})

test('a scheduler that nobody can connect to is ended by itself only where it has never served', () => {
  const refused = { kind: 'refused', reason: 'CertificateExpired', problem: 'x' } as const
  expect(stepsIn(shutOff(false))).toEqual(['terminate s'])
  expect(stepsIn(shutOff(true))).toEqual([])
  expect(stepsIn(shutOff(false, refused))).toEqual([])
})

const provided = { kind: 'provided', secrets: { scheduler: 'mine', worker: 'mine', client: 'mine' } } as const
const told = (world: Partial<World>, ...types: readonly string[]) => {
  const base = aWorld({ replicas: 1, machines: [aScheduler(), aMachine('a', old)] })
  return findings({ ...base, cluster: { ...base.cluster, tls: provided }, ...world }, []).filter(({ type }) =>
    types.includes(type),
  )
}
const restart = 'kubectl annotate dcc/demo --namespace team-a --overwrite cloud.dask.org/restart='

describe('a scheduler whose certificate has expired', () => {
  test('is for a person, once good ones are there: what to do is said, and nothing claims to be on its way', () => {
    const found = told(
      { certificates: certificates(ended), scheduler: shutIn },
      'UpdatePending',
      'Stalled',
      'Reconciling',
    )
    expect(found.map(({ type, reason }) => `${type} ${reason}`)).toEqual([
      'UpdatePending CertificateExpired',
      'Stalled CertificateExpired',
    ])
    for (const { message } of found) expect(message).toContain(restart)
  })

  test('is told of while an old connection to it is open, with the time', () => {
    const scheduler = { ...answering(holding('a', aged(90))), holds: aged(90) }
    const [found] = told({ certificates: certificates(ended), scheduler }, 'UpdatePending')
    expect(found?.message).toContain(new Date(now).toISOString())
  })

  test('waits for a good Secret first, and the restart is announced', () => {
    const problem = 'The certificate of scheduler has expired at T. Secret mine, tls.crt: has expired'
    const view = { kind: 'refused', reason: 'CertificateExpired', problem } as const
    const found = told(
      { certificates: view, scheduler: shutIn },
      'CertificatesReady',
      'Stalled',
      'UpdatePending',
    )
    expect(found.map(({ type }) => type)).toEqual(['CertificatesReady', 'Stalled'])
    for (const { message } of found)
      expect(message).toMatch(/^The certificate of scheduler has expired.*restart=/)
  })

  test('and that is ended is told of no more', () => {
    const base = aWorld({
      machines: [aScheduler()],
      memory: { terminated: new Map([[aScheduler().id, now]]) },
    })
    const world = { ...base, certificates: certificates(ended), scheduler: shutIn }
    expect(findings(world, []).filter(({ reason }) => reason === 'CertificateExpired')).toEqual([])
  })
})
