import { purpose } from '../api/names.ts'
import { KubeError } from '../kube/fault.ts'
import type { SecretReader } from '../kube/secret-reader.ts'
import { type SecretRef, type StoredSecret, secretKey } from '../kube/secrets.ts'
import type { Call } from '../lib/call.ts'
import { ParseError } from '../lib/parse.ts'
import { wait } from '../lib/wait.ts'
import type { ClusterUid } from '../model/names.ts'

export interface TenantSecretsOptions {
  readonly reader: Pick<SecretReader, 'read'>
  /** Milliseconds of a clock that never jumps. */
  readonly now: () => number
  /** Clusters whose Secret is another one than a moment ago. */
  readonly notify: (users: Iterable<ClusterUid>) => void
}

/** A Secret is read again with a pass after so long. While it is bad, passes come every three seconds. */
const freshMs = { good: 10_000, bad: 2_500 }
/** Whoever waits longer for a read goes on with what is known, and is told of what comes. */
const patienceMs = 500

export interface KnownSecret {
  readonly ref: SecretRef
  readonly users: Set<ClusterUid>
  /** Undefined where nothing is known yet. */
  answer?: { readonly secret: StoredSecret | undefined }
  /** Why the last read failed. */
  problem?: string
  /** Since when every read has failed. */
  unreadSince?: number | undefined
  readAt: number
}

/** The Secrets that clusters name for one purpose: read one by one, never listed or watched, and shared by their users. */
export class TenantSecrets {
  readonly #options: TenantSecretsOptions
  readonly #known = new Map<string, KnownSecret>()

  constructor(options: TenantSecretsOptions) {
    this.#options = options
  }

  /** Notes that the cluster uses these and no others of this purpose. */
  meet(user: ClusterUid, refs: readonly SecretRef[]): readonly KnownSecret[] {
    const wanted = new Set(refs.map(secretKey))
    for (const [key, { users }] of this.#known)
      if (!wanted.has(key) && users.delete(user) && users.size === 0) this.#known.delete(key)
    return refs.map(ref => {
      const known = this.at(ref)
      known.users.add(user)
      this.#known.set(secretKey(ref), known)
      return known
    })
  }

  /** What is known of it; of one that nobody uses, a record that nobody keeps. */
  at(ref: SecretRef): KnownSecret {
    return this.#known.get(secretKey(ref)) ?? { ref, users: new Set(), readAt: -Infinity }
  }

  /** Reads what is not known as of a moment ago. It never fails: how that ended is in the record. */
  async refresh(all: readonly KnownSecret[], how: keyof typeof freshMs, call: Call): Promise<void> {
    const stale = all.filter(({ readAt }) => this.#options.now() - readAt >= freshMs[how])
    if (stale.length === 0) return
    const reads = Promise.all(stale.map(known => this.#read(known)))
    await Promise.race([reads, wait(patienceMs, call).catch(() => undefined)])
  }

  /** What is known of it may be out of date. */
  doubt(ref: SecretRef): void {
    const known = this.#known.get(secretKey(ref))
    if (known === undefined) return
    known.readAt = -Infinity
    this.#options.notify(known.users)
  }

  forget(user: ClusterUid): void {
    this.meet(user, [])
  }

  async #read(known: KnownSecret): Promise<void> {
    const { reader, now, notify } = this.#options
    const before = known.answer?.secret?.metadata.resourceVersion
    const wasKnown = known.answer !== undefined
    try {
      known.answer = { secret: await reader.read(known.ref) }
      known.unreadSince = undefined
    } catch (error) {
      // What was there a moment ago is a better guess than nothing.
      known.problem = unreadable(known.ref, error)
      known.unreadSince ??= now()
    }
    known.readAt = now()
    if (!wasKnown || known.answer?.secret?.metadata.resourceVersion !== before) notify(known.users)
  }
}

export type Usability =
  | { readonly kind: 'usable'; readonly secret: StoredSecret }
  | { readonly kind: 'refused'; readonly reason: string; readonly problem: string }

/**
 * Whoever may create clusters must not have any Secret sent to a cloud or copied to a machine: it has to say what it is
 * for. `isGoing`: it is being deleted, and nothing keeps it.
 */
export function usableAs(
  as: 'credentials' | 'certificates',
  secret: StoredSecret | undefined,
  { namespace, name }: SecretRef,
  isGoing: (secret: StoredSecret) => boolean,
): Usability {
  const label = `${purpose.label}=${purpose[as]}`
  if (secret === undefined || isGoing(secret)) {
    const where = `in namespace ${namespace}, with the label ${label}`
    const problem =
      secret === undefined
        ? `Secret ${name} is not there: create it ${where}`
        : `Secret ${name} is being deleted: name another one, or create it again once it is gone, ${where}`
    return { kind: 'refused', reason: 'SecretNotFound', problem }
  }
  if (secret.metadata.labels[purpose.label] === purpose[as]) return { kind: 'usable', secret }
  const problem = `Secret ${name} is not marked as ${as}, so it is not used: kubectl label secret ${name} --namespace ${namespace} ${label}`
  return { kind: 'refused', reason: 'SecretNotLabelled', problem }
}

/** What stands in it, decoded. */
export const textsOf = ({ data }: Pick<StoredSecret, 'data'>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]),
  )

/** The API server's own words, which hold no secret. */
const unreadable = ({ name }: SecretRef, error: unknown): string =>
  `Secret ${name} cannot be read: ${error instanceof KubeError || error instanceof ParseError ? error.message : 'the log has the reason'}`
