import type { Action } from '../../src/model/action.ts'
import { machineId } from '../../src/model/names.ts'
import type { HeldCertificates, RenewalMemory, RotationView } from '../../src/model/renewal.ts'
import type { DaskWorker } from '../../src/model/world.ts'
import { aMachine, aScheduler, aWorker, aWorld, now, type Seeing } from './a-world.ts'

export const day = 86_400_000
/** Of 90 days, as many as given are over. */
export const aged = (days: number, authorities: readonly string[] = ['old']): HeldCertificates => ({
  certificate: `of day ${-days}`,
  notBefore: now - days * day,
  notAfter: now + (90 - days) * day,
  authorities,
})
export const settled: RotationView = {
  authorities: ['old'],
  leavesFrom: 0,
  launchedWith: { scheduler: aged(1), worker: aged(1) },
  stage: { kind: 'settled' },
  heard: { leaves: '', authority: '' },
}
export const since = now - 60_000
export const introducing: RotationView = {
  ...settled,
  authorities: ['new', 'old'],
  stage: { kind: 'introducing', since },
  heard: { leaves: '', authority: 'one' },
}
export const leaving: RotationView = { ...introducing, stage: { kind: 'leaving', since }, leavesFrom: since }

export interface Rotating extends Seeing {
  readonly rotation?: RotationView
  /** What the scheduler and two workers hold; undefined where they tell nothing. */
  readonly holds?: readonly (HeldCertificates | undefined)[]
  readonly asked?: { readonly leaves?: string; readonly authority?: string }
  readonly renewals?: Readonly<Record<string, Partial<RenewalMemory>>>
}

export const holding = (id: string, holds: HeldCertificates | undefined): DaskWorker => ({
  ...aWorker(id),
  holds,
})

/** A cluster that works: a scheduler `s`, workers `a` and `b`, unless other machines are given. */
export function aRotatingWorld({
  rotation = settled,
  holds = [aged(1), aged(1), aged(1)],
  asked,
  renewals = {},
  ...rest
}: Rotating) {
  const [scheduler, ...workers] = holds
  const names = ['a', 'b'].slice(0, workers.length)
  const tried = { at: now - 1_000, failures: 0, isDone: false, hindrance: undefined, before: '' }
  const seen = aWorld({
    replicas: names.length,
    machines: [aScheduler(), ...names.map(id => aMachine(id))],
    ...rest,
    memory: {
      renewals: new Map(Object.entries(renewals).map(([id, each]) => [machineId(id), { ...tried, ...each }])),
      ...rest.memory,
    },
  })
  const base = seen.cluster
  return {
    ...seen,
    cluster: { ...base, renewal: { leaves: '', authority: '', ...asked } },
    certificates: { kind: 'valid', notAfter: now + 1e9, renewAt: now + 1e8, rotation } as const,
    scheduler: {
      kind: 'answering',
      id: 'Scheduler-1',
      idleness: { kind: 'busy' },
      holds: scheduler,
      workers: names.map((id, at) => holding(id, workers[at])),
    } as const,
    ...rest.world,
  }
}

/** A step as tests name it: what, of which machines. */
export const inWords = (action: Action): string => {
  if (action.type === 'rotate-certificates') return action.step
  if (action.type === 'renew-machine-certificates')
    return `${action.part} of ${action.role} ${action.machines.join(' ')}`
  if (action.type === 'record-launches')
    return `launch ${action.launches.map(({ count }) => count).join(' ')}`
  return 'machines' in action ? `${action.type} ${action.machines.join(' ')}` : action.type
}
