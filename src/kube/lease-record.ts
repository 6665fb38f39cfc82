import { canonical } from '../lib/fingerprint.ts'
import { integer, isRecord, optional, record, text } from '../lib/parse.ts'
import { microTime } from './clock.ts'

export interface LeaseName {
  readonly namespace: string
  readonly name: string
}

/** A Lease of coordination.k8s.io/v1 as it was read. */
export interface LeaseRecord {
  /** All of it, so that what others put there is kept. */
  readonly raw: Readonly<Record<string, unknown>>
  /** '' where nobody holds it. */
  readonly holder: string
  readonly durationMs: number
  readonly transitions: number
  readonly acquireTime: string | undefined
  /** Changes with every renewal, and not with what others note on the lease. */
  readonly pulse: string
}

/** Throws a ParseError. */
export function readLease(answer: unknown): LeaseRecord {
  const raw = record(answer, 'lease')
  const metadata = record(raw['metadata'], 'metadata')
  const spec = isRecord(raw['spec']) ? raw['spec'] : {}
  const seconds = optional(spec['leaseDurationSeconds'], 'spec.leaseDurationSeconds', (value, path) =>
    integer(value, path, { min: 1, max: 3_600 }),
  )
  const transitions = optional(spec['leaseTransitions'], 'spec.leaseTransitions', (value, path) =>
    integer(value, path, { min: 0, max: 2_147_483_646 }),
  )
  return {
    raw,
    holder: typeof spec['holderIdentity'] === 'string' ? spec['holderIdentity'] : '',
    durationMs: (seconds ?? 0) * 1_000,
    transitions: transitions ?? 0,
    acquireTime: typeof spec['acquireTime'] === 'string' ? spec['acquireTime'] : undefined,
    pulse: `${text(metadata['uid'], 'metadata.uid')} ${canonical(spec)}`,
  }
}

export const newLease = ({ namespace, name }: LeaseName, holder: string, durationMs: number) => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { namespace, name },
  spec: specOf({ holder, durationMs, transitions: 0, acquireTime: undefined }),
})

/** The same lease in the hand of `holder`, taken over or renewed. It replaces only the version that was read. */
export function heldBy(lease: LeaseRecord, holder: string, durationMs: number): unknown {
  const isNew = lease.holder !== holder
  const transitions = lease.transitions + (isNew ? 1 : 0)
  const acquireTime = isNew ? undefined : lease.acquireTime
  return {
    ...lease.raw,
    spec: { ...specBefore(lease), ...specOf({ holder, durationMs, transitions, acquireTime }) },
  }
}

/** The same lease in nobody's hand, so that the next one need not wait. */
export function released(lease: LeaseRecord): unknown {
  const { transitions } = lease
  const spec = specOf({ holder: '', durationMs: 1_000, transitions, acquireTime: undefined })
  return { ...lease.raw, spec: { ...specBefore(lease), ...spec } }
}

const specBefore = ({ raw }: LeaseRecord): object => (isRecord(raw['spec']) ? raw['spec'] : {})

interface Holding {
  readonly holder: string
  readonly durationMs: number
  readonly transitions: number
  /** Now, where it is undefined. */
  readonly acquireTime: string | undefined
}

/** The times are for people: whether a lease is alive is told by its changing, since clocks differ. */
function specOf({ holder, durationMs, transitions, acquireTime }: Holding) {
  const now = microTime(new Date())
  return {
    holderIdentity: holder,
    leaseDurationSeconds: Math.max(1, Math.ceil(durationMs / 1_000)),
    acquireTime: acquireTime ?? now,
    renewTime: now,
    leaseTransitions: transitions,
  }
}
