import { canonical } from '../lib/fingerprint.ts'
import { recordAt } from '../lib/reach.ts'
import type { ClassRecord } from '../model/cluster.ts'
import { differences, filled } from './class-filling.ts'
import { beyondClass, workersIn } from './class-limits.ts'
import type { DaskCloudClass } from './class-resource.ts'

type Fields = Readonly<Record<string, unknown>>

/** A cluster that names a class, as far as the class is concerned. */
export interface Governed {
  readonly className: string
  /** As its user wrote it. */
  readonly spec: Fields
  /** By what it has run so far, written before its first machine; undefined for one that is new, or whose status was lost. */
  readonly record: ClassRecord | undefined
  readonly isDeleting: boolean
  readonly namespace: { readonly name: string; readonly labels: Readonly<Record<string, string>> }
}

export interface Rules {
  /** Undefined where there is no class of that name. */
  readonly known: DaskCloudClass | undefined
  /** Why so many workers would be too much for the namespace; undefined where they are not. */
  readonly room: (workers: number) => string | undefined
}

export interface Refusal {
  readonly reason: string
  readonly problem: string
}

export type Ruling =
  /** Nothing of it is started, or changed. */
  | ({ readonly kind: 'refused' } & Refusal)
  | {
      readonly kind: 'granted'
      readonly record: ClassRecord
      /** The record it falls back to where it cannot be read by the other. */
      readonly before: ClassRecord | undefined
      readonly refusal: Refusal | undefined
      /** The class as it would be taken up, and what that changes. */
      readonly pending: { readonly record: ClassRecord; readonly changes: readonly string[] } | undefined
      /** The Secret of the operator's namespace; undefined for the operator's own identity. */
      readonly secret: string | undefined
    }

/**
 * Whether and as what a cluster may be, by its class. A new one must keep to all of it; of one that is there, only what
 * it asks for anew is refused: it goes on as it was accepted, and may always be suspended. Its record alone tells the two apart:
 * finalizers are written by users too, so that one whose status was lost has to keep to all of it as well.
 */
export function govern(cluster: Governed, rules: Rules): Ruling {
  const isNew = cluster.record === undefined && !cluster.isDeleting
  return isNew ? newcomer(cluster, rules) : resident(cluster, rules)
}

function newcomer(cluster: Governed, { known, room }: Rules): Ruling {
  const { className, spec, namespace } = cluster
  if (known === undefined || known.isDeleting) return notFound(className)
  if (known.problem !== undefined) return unreadable(known)
  const refusal =
    refused(beyondClass({ className, allowed: known.spec, spec, before: undefined, namespace })) ??
    tooMuch(room(workersIn(spec)))
  return refusal === undefined ? granted(recordOf(known, spec)) : { kind: 'refused', ...refusal }
}

function resident(cluster: Governed, { known, room }: Rules): Ruling {
  const { className, spec, isDeleting } = cluster
  const usable = known?.problem === undefined ? known : undefined
  const was = cluster.record ?? (usable && recordOf(usable, spec))
  if (was === undefined) return known === undefined ? notFound(className) : unreadable(known)
  if (isDeleting) return granted(was, secretOf(usable, was))
  const refusal = changed(cluster, was, { known: usable, room })
  const accepted = refusal === undefined ? spec : { ...was.accepted, suspend: spec['suspend'] ?? false }
  const before = { ...was, accepted }
  const secret = secretOf(usable, was)
  if (usable === undefined || canonical(usable.spec) === canonical(was.spec))
    return { ...granted(before, secret), refusal }
  const record = recordOf(usable, accepted)
  const changes = isSameCloud(usable.spec, was.spec)
    ? differences(filled(was.spec, accepted), filled(usable.spec, accepted))
    : ['spec.cloud: another one']
  const isTaken =
    changes.length === 0 || (usable.spec['updatePolicy'] === 'Always' && isSameCloud(usable.spec, was.spec))
  if (isTaken) return { ...granted(record, secret), before, refusal }
  return { ...granted(before, secret), refusal, pending: { record, changes } }
}

/** What of a change is beyond the class as it is now, or beyond the quota. */
function changed(
  { className, spec, namespace }: Governed,
  { spec: classThen, accepted }: ClassRecord,
  { known, room }: Rules,
): Refusal | undefined {
  if (canonical(spec) === canonical(accepted)) return undefined
  const allowed = known?.spec ?? classThen
  const beyond = refused(beyondClass({ className, allowed, spec, before: accepted, namespace }))
  if (beyond !== undefined) return beyond
  const workers = workersIn(spec)
  return workers > workersIn(accepted) ? tooMuch(room(workers)) : undefined
}

function refused(beyond: readonly string[]): Refusal | undefined {
  const [first] = beyond
  if (first === undefined) return undefined
  const problem = beyond.join('; ')
  return first.startsWith('metadata.namespace')
    ? { reason: 'NamespaceNotAllowed', problem }
    : { reason: 'ClassForbids', problem }
}

const tooMuch = (problem: string | undefined): Refusal | undefined =>
  problem === undefined ? undefined : { reason: 'ClassQuotaExceeded', problem }

const notFound = (name: string): Ruling => ({
  kind: 'refused',
  reason: 'ClassNotFound',
  problem: `spec.className: there is no DaskCloudClass ${name}: choose another one, or ask those who run the platform`,
})

const unreadable = ({ name, problem }: DaskCloudClass): Ruling => ({
  kind: 'refused',
  reason: 'ClassInvalid',
  problem: `DaskCloudClass ${name} cannot be used: ${problem}`,
})

const recordOf = ({ name, generation, spec }: DaskCloudClass, accepted: Fields): ClassRecord => ({
  name,
  generation,
  spec,
  accepted,
})

type Granted = Extract<Ruling, { kind: 'granted' }>

const granted = (record: ClassRecord, secret = secretIn(record.spec)): Granted => ({
  kind: 'granted',
  record,
  before: undefined,
  refusal: undefined,
  pending: undefined,
  secret,
})

/** Other credentials for the same cloud are taken up at once: they replace no machine. */
const secretOf = (known: DaskCloudClass | undefined, { spec }: ClassRecord): string | undefined =>
  secretIn(known !== undefined && isSameCloud(known.spec, spec) ? known.spec : spec)

function secretIn(classSpec: Fields): string | undefined {
  const { name } = recordAt(classSpec, ['credentialsSecretRef'])
  return typeof name === 'string' ? name : undefined
}

const isSameCloud = (one: Fields, other: Fields): boolean =>
  Object.keys(recordAt(one, ['cloud'])).join(',') === Object.keys(recordAt(other, ['cloud'])).join(',')
