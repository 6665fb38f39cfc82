import { inUseFinalizer, purpose } from '../api/names.ts'
import { cloudOf, type RegisteredCloud } from '../clouds/registry.ts'
import { isKubeError, KubeError } from '../kube/fault.ts'
import { SecretReader } from '../kube/secret-reader.ts'
import { type SecretRef, type Secrets, type StoredSecret, secretKey } from '../kube/secrets.ts'
import type { Call } from '../lib/call.ts'
import { digest } from '../lib/fingerprint.ts'
import { ParseError } from '../lib/parse.ts'
import { steadyNow } from '../lib/steady.ts'
import { wait } from '../lib/wait.ts'
import type { Cluster } from '../model/cluster.ts'
import { CloudError } from '../model/faults.ts'
import type { ClusterUid } from '../model/names.ts'
import type { CredentialsView } from '../model/world.ts'
import { StaleWrite } from '../reconcile/ports.ts'
import type { Office } from './leader.ts'
import { withoutValues } from './veil.ts'

/** What a cluster's cloud is connected with. `values` is the Secret's: it goes to the cloud and nowhere else. */
export type Given =
  | { readonly kind: 'own' }
  | {
      readonly kind: 'secret'
      readonly values: Readonly<Record<string, string>>
      readonly digest: string
      readonly version: string
      readonly isHeld: boolean
    }
  | Extract<CredentialsView, { kind: 'refused' | 'silent' }>

export interface CredentialsOptions {
  readonly reader: Pick<SecretReader, 'read'> & AsyncDisposable
  readonly secrets: Pick<Secrets, 'read' | 'writeFinalizers'>
  readonly allowed: readonly string[]
  /** Clouds that clusters without a Secret reach with the operator's own identity. */
  readonly ambient: readonly string[]
  readonly now: () => number
  /** Clusters whose Secret is another one than a moment ago. */
  readonly notify: (users: Iterable<ClusterUid>) => void
}

export type Credentialed = Pick<Cluster, 'uid' | 'namespace' | 'cloud' | 'phase' | 'credentials'>

/** A Secret is read again with a pass after so long. While it is bad, passes come every three seconds. */
const freshMs = { good: 10_000, bad: 2_500 }
/** Whoever waits longer for a read goes on with what is known, and is told of what comes. */
const patienceMs = 500

interface Known {
  readonly ref: SecretRef
  readonly users: Set<ClusterUid>
  /** Undefined where nothing is known yet. */
  answer?: { readonly secret: StoredSecret | undefined }
  problem?: string
  readAt: number
}

/** With the settings of the operator; its reads end with it. */
export const openCredentials = (
  { config }: Pick<Office, 'config'>,
  secrets: Secrets,
  notify: CredentialsOptions['notify'],
): Credentials => {
  const { allowClouds: allowed, ambientClouds: ambient } = config
  const reader = new SecretReader(secrets)
  return new Credentials({ reader, secrets, allowed, ambient, now: steadyNow, notify })
}

/** The Secrets that clusters name, read one by one and shared by their users. */
export class Credentials implements AsyncDisposable {
  readonly #options: CredentialsOptions
  readonly #known = new Map<string, Known>()

  constructor(options: CredentialsOptions) {
    this.#options = options
  }

  /** Looks at the cluster's Secret, unless that was done a moment ago; `isDoubted` where the cloud has refused something. */
  async look(cluster: Credentialed, isDoubted: boolean, call: Call): Promise<CredentialsView> {
    const known = this.#meet(cluster)
    if (known !== undefined) {
      const isBad = isDoubted || !['own', 'secret'].includes(this.given(cluster).kind)
      const ageMs = this.#options.now() - known.readAt
      if (ageMs >= (isBad ? freshMs.bad : freshMs.good)) await soon(this.#read(known), call)
    }
    return this.#view(cluster)
  }

  /** As far as is known now. */
  given(cluster: Credentialed): Given {
    const kind = cloudOf(cluster, this.#options.allowed)
    if (cluster.credentials === undefined) return this.#own(kind, cluster)
    const ref = refOf(cluster, cluster.credentials)
    const known = this.#known.get(secretKey(ref))
    if (known?.answer === undefined)
      return { kind: 'silent', problem: known?.problem ?? `Secret ${ref.name} has not been read yet` }
    return judged(known.answer.secret, ref, kind)
  }

  /** The Secret stays from now on, whoever deletes it or its namespace. Throws a StaleWrite where it has changed. */
  async hold(cluster: Credentialed, call: Call): Promise<void> {
    const known = this.#meet(cluster)
    const secret = known?.answer?.secret
    if (known === undefined || secret === undefined || isHeld(secret)) return
    await this.#write(known, secret, [...secret.metadata.finalizers, inUseFinalizer], call)
  }

  /** Read live, since another process may have held it. */
  async drop(ref: SecretRef, call: Call): Promise<void> {
    const secret = await this.#options.secrets.read(ref, call)
    if (secret === undefined || !isHeld(secret)) return
    const known = this.#known.get(secretKey(ref)) ?? { ref, users: new Set(), readAt: -Infinity }
    const left = secret.metadata.finalizers.filter(each => each !== inUseFinalizer)
    await this.#write(known, secret, left, call)
  }

  forget(uid: ClusterUid): void {
    for (const [key, { users }] of this.#known)
      if (users.delete(uid) && users.size === 0) this.#known.delete(key)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#options.reader[Symbol.asyncDispose]()
  }

  /** Notes who uses the Secret; undefined where the cluster names none. */
  #meet(cluster: Credentialed): Known | undefined {
    const ref = cluster.credentials && refOf(cluster, cluster.credentials)
    const key = ref && secretKey(ref)
    for (const [other, { users }] of this.#known)
      if (other !== key && users.delete(cluster.uid) && users.size === 0) this.#known.delete(other)
    if (ref === undefined) return undefined
    const known = this.#known.get(secretKey(ref)) ?? { ref, users: new Set(), readAt: -Infinity }
    known.users.add(cluster.uid)
    this.#known.set(secretKey(ref), known)
    return known
  }

  async #read(known: Known): Promise<void> {
    const { reader, now, notify } = this.#options
    const before = known.answer?.secret?.metadata.resourceVersion
    const wasKnown = known.answer !== undefined
    try {
      known.answer = { secret: await reader.read(known.ref) }
    } catch (error) {
      // What was there a moment ago is a better guess than nothing.
      known.problem = unreadable(known.ref, error)
    }
    known.readAt = now()
    if (!wasKnown || known.answer?.secret?.metadata.resourceVersion !== before) notify(known.users)
  }

  async #write(known: Known, secret: StoredSecret, finalizers: readonly string[], call: Call): Promise<void> {
    try {
      known.answer = { secret: await this.#options.secrets.writeFinalizers(secret, finalizers, call) }
    } catch (error) {
      known.readAt = -Infinity
      if (isKubeError(error, 404) && !finalizers.includes(inUseFinalizer)) return
      if (isKubeError(error, 404, 409)) throw new StaleWrite('the Secret has changed', { cause: error })
      if (!(error instanceof KubeError)) throw error
      const problem = `The API server did not change Secret ${known.ref.name}: ${error.message}`
      throw new CloudError(isKubeError(error, 403) ? 'unauthorized' : 'unavailable', problem, {
        cause: error,
      })
    }
  }

  #own({ name, isTrial }: RegisteredCloud, { phase }: Credentialed): Given {
    if (isTrial || phase === 'deleting' || this.#options.ambient.includes(name)) return { kind: 'own' }
    const problem = `name a Secret in spec.credentialsSecretRef: clusters on ${name} may not use the operator’s own identity (see its --ambient-clouds)`
    return { kind: 'refused', reason: 'CredentialsMissing', problem }
  }

  #view(cluster: Credentialed): CredentialsView {
    const given = this.given(cluster)
    if (given.kind === 'refused' || given.kind === 'silent') return given
    if (given.kind === 'secret')
      return {
        kind: 'ready',
        secret: cluster.credentials?.name,
        version: given.version,
        isHeld: given.isHeld,
      }
    const { isTrial } = cloudOf(cluster, this.#options.allowed)
    return isTrial ? { kind: 'unneeded' } : { kind: 'ready', secret: undefined, version: '', isHeld: true }
  }
}

function judged(secret: StoredSecret | undefined, ref: SecretRef, kind: RegisteredCloud): Given {
  const named = `Secret ${ref.name}`
  const label = `${purpose.label}=${purpose.credentials}`
  if (secret === undefined || (secret.metadata.isDeleting && !isHeld(secret))) {
    const state = secret === undefined ? 'is not there' : 'is being deleted'
    const problem = `${named} ${state}: create it in namespace ${ref.namespace}, with the label ${label}`
    return { kind: 'refused', reason: 'SecretNotFound', problem }
  }
  if (secret.metadata.labels[purpose.label] !== purpose.credentials) {
    const problem = `${named} is not marked as credentials, so it is not used: kubectl label secret ${ref.name} --namespace ${ref.namespace} ${label}`
    return { kind: 'refused', reason: 'SecretNotLabelled', problem }
  }
  const values = Object.fromEntries(
    Object.entries(secret.data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]),
  )
  const problem = problemIn(values, named, kind)
  if (problem !== undefined) return { kind: 'refused', reason: 'SecretInvalid', problem }
  const { resourceVersion: version } = secret.metadata
  return { kind: 'secret', values, digest: digest(values), version, isHeld: isHeld(secret) }
}

function problemIn(
  values: Readonly<Record<string, string>>,
  path: string,
  kind: RegisteredCloud,
): string | undefined {
  try {
    kind.checkCredentials(values, path)
    return undefined
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    return withoutValues(error.message, values)
  }
}

/** Resolves when the work has ended or has taken too long; how it ended is written down elsewhere. */
const soon = (work: Promise<void>, call: Call): Promise<void> =>
  Promise.race([work, wait(patienceMs, call).catch(() => undefined)])

const isHeld = ({ metadata }: StoredSecret): boolean => metadata.finalizers.includes(inUseFinalizer)

const refOf = ({ namespace }: Credentialed, { name }: { readonly name: string }): SecretRef => ({
  namespace,
  name,
})

/** The API server's own words, which hold no secret. */
const unreadable = ({ name }: SecretRef, error: unknown): string =>
  `Secret ${name} cannot be read: ${error instanceof KubeError || error instanceof ParseError ? error.message : 'the log has the reason'}`
