import { inUseFinalizer } from '../api/names.ts'
import { cloudOf, type RegisteredCloud } from '../clouds/registry.ts'
import { isKubeError, KubeError } from '../kube/fault.ts'
import type { SecretRef, Secrets, StoredSecret } from '../kube/secrets.ts'
import type { Call } from '../lib/call.ts'
import { digest } from '../lib/fingerprint.ts'
import { ParseError } from '../lib/parse.ts'
import type { Cluster } from '../model/cluster.ts'
import { CloudError } from '../model/faults.ts'
import { type ClusterUid, operatorSecretIn } from '../model/names.ts'
import type { CredentialsView } from '../model/world.ts'
import { StaleWrite } from '../reconcile/ports.ts'
import {
  type KnownSecret,
  TenantSecrets,
  type TenantSecretsOptions,
  textsOf,
  usableAs,
} from './tenant-secrets.ts'
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

export interface CredentialsOptions extends TenantSecretsOptions {
  readonly secrets: Pick<Secrets, 'read' | 'writeFinalizers'>
  readonly allowed: readonly string[]
  /** Clouds that clusters without a Secret reach with the operator's own identity. */
  readonly ambient: readonly string[]
  /** Where classes have their Secrets. */
  readonly operatorNamespace: string
}

export type Credentialed = Pick<Cluster, 'uid' | 'namespace' | 'cloud' | 'phase' | 'credentials' | 'class'>

/** The Secrets that clusters name, read one by one and shared by their users. */
export class Credentials {
  readonly #options: CredentialsOptions
  readonly #named: TenantSecrets

  constructor(options: CredentialsOptions) {
    this.#options = options
    this.#named = new TenantSecrets(options)
  }

  /** Looks at the cluster's Secret, unless that was done a moment ago; `isDoubted` where the cloud has refused something. */
  async look(cluster: Credentialed, isDoubted: boolean, call: Call): Promise<CredentialsView> {
    const known = this.#meet(cluster)
    if (known !== undefined) {
      const isBad = isDoubted || !['own', 'secret'].includes(this.given(cluster).kind)
      await this.#named.refresh([known], isBad ? 'bad' : 'good', call)
    }
    return this.#view(cluster)
  }

  /** As far as is known now. */
  given(cluster: Credentialed): Given {
    const kind = cloudOf(cluster, this.#options.allowed)
    if (cluster.credentials === undefined) return this.#own(kind, cluster)
    const ref = this.#refOf(cluster, cluster.credentials)
    const known = this.#named.at(ref)
    if (known.answer === undefined)
      return { kind: 'silent', problem: known.problem ?? `Secret ${ref.name} has not been read yet` }
    return judged(known.answer.secret, ref, kind)
  }

  /** The Secret stays from now on, whoever deletes it or its namespace. Throws a StaleWrite where it has changed. */
  async hold(cluster: Credentialed, call: Call): Promise<void> {
    const known = this.#meet(cluster)
    const secret = known?.answer?.secret
    if (known === undefined || secret === undefined || isHeld(secret)) return
    await this.#write(known, secret, [...secret.metadata.finalizers, inUseFinalizer], call)
  }

  /** Read live, since another process may have held it. `secret` is as `Cluster.credentials` has it. */
  async drop(owner: Pick<Credentialed, 'namespace'>, name: string, call: Call): Promise<void> {
    const ref = this.#refOf(owner, { name })
    const secret = await this.#options.secrets.read(ref, call)
    if (secret === undefined || !isHeld(secret)) return
    const known = this.#named.at(ref)
    const left = secret.metadata.finalizers.filter(each => each !== inUseFinalizer)
    await this.#write(known, secret, left, call)
  }

  /** A Secret of the operator's namespace has changed: whoever uses it looks again. */
  doubt(name: string): void {
    this.#named.doubt({ namespace: this.#options.operatorNamespace, name })
  }

  forget(uid: ClusterUid): void {
    this.#named.forget(uid)
  }

  /** Notes who uses the Secret; undefined where the cluster names none. */
  #meet(cluster: Credentialed): KnownSecret | undefined {
    const refs = cluster.credentials === undefined ? [] : [this.#refOf(cluster, cluster.credentials)]
    return this.#named.meet(cluster.uid, refs)[0]
  }

  async #write(
    known: KnownSecret,
    secret: StoredSecret,
    finalizers: readonly string[],
    call: Call,
  ): Promise<void> {
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

  /** Whoever makes a class may let its clusters use the operator's own identity. */
  #own({ name, isTrial }: RegisteredCloud, { phase, class: classed }: Credentialed): Given {
    if (isTrial || phase === 'deleting' || classed !== undefined || this.#options.ambient.includes(name))
      return { kind: 'own' }
    const problem = `name a Secret in spec.credentialsSecretRef: clusters on ${name} may not use the operator’s own identity (see its --ambient-clouds)`
    return { kind: 'refused', reason: 'CredentialsMissing', problem }
  }

  #refOf({ namespace }: Pick<Credentialed, 'namespace'>, { name }: { readonly name: string }): SecretRef {
    const own = operatorSecretIn(name)
    return own === undefined ? { namespace, name } : { namespace: this.#options.operatorNamespace, name: own }
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
  const found = usableAs('credentials', secret, ref, each => each.metadata.isDeleting && !isHeld(each))
  if (found.kind === 'refused') return found
  const values = textsOf(found.secret)
  const problem = problemIn(values, `Secret ${ref.name}`, kind)
  if (problem !== undefined) return { kind: 'refused', reason: 'SecretInvalid', problem }
  const { resourceVersion: version } = found.secret.metadata
  return { kind: 'secret', values, digest: digest(values), version, isHeld: isHeld(found.secret) }
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

const isHeld = ({ metadata }: StoredSecret): boolean => metadata.finalizers.includes(inUseFinalizer)
