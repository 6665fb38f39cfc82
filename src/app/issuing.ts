import { KubeError } from '../kube/fault.ts'
import { type IssuedCertificate, type IssuedCertificates, issuerText } from '../kube/issued-certificates.ts'
import type { Secrets } from '../kube/secrets.ts'
import type { Call } from '../lib/call.ts'
import type { IssuerRef } from '../model/cluster.ts'
import { CloudError, type Fault } from '../model/faults.ts'
import type { ClusterUid } from '../model/names.ts'
import { type LeafRole, leafRoles } from '../pki/identity.ts'
import { certificateRequest, issuedRef } from '../pki/issuing.ts'
import { type SecretPlace, secretLabels } from '../pki/secret.ts'
import { isOurs } from '../pki/stored.ts'
import type { Source } from './given-certificates.ts'

export interface IssuingOptions {
  readonly certificates: Pick<IssuedCertificates, 'read' | 'apply' | 'remove'>
  readonly secrets: Pick<Secrets, 'read' | 'remove'>
  /** Milliseconds of a clock that never jumps. */
  readonly now: () => number
}

/**
 * While certificates are there, somebody may still take the requests away: then nobody would renew them. Where cert-manager
 * does not get on or has just been asked, it is looked at with nearly every pass.
 */
const checkEveryMs = { well: 60_000, late: 2_500 }

interface Checked {
  readonly at: number
  /** When this issuer was seen to be asked. */
  readonly since: number
  readonly issuer: string
  /** What cert-manager says of a certificate that does not come, or undefined where all are as they are to be. */
  readonly trouble: string | undefined
}

/** Certificates that cert-manager makes: asked for by one `Certificate` a role, beside the cluster. */
export class Issuing {
  readonly #options: IssuingOptions
  readonly #checked = new Map<ClusterUid, Checked>()

  constructor(options: IssuingOptions) {
    this.#options = options
  }

  /** What is still to come, where what has come is not enough. Throws a KubeError. */
  async judge(source: Source, issuer: IssuerRef, place: SecretPlace, call: Call): Promise<Source> {
    if (source.kind !== 'given' && source.kind !== 'refused') return source
    const isMissing = source.kind === 'refused' && source.reason === 'SecretNotFound'
    const checked = await this.#check(issuer, { place, isMissing }, call)
    if (checked === undefined) return { kind: 'unasked' }
    const { trouble } = checked
    if (isMissing) return { kind: 'awaited', problem: trouble ?? silence }
    if (trouble === undefined) return source
    if (source.kind === 'refused') return { ...source, problem: `${source.problem}. ${trouble}` }
    return { ...source, concern: { reason: 'Awaited', problem: trouble } }
  }

  /** Undefined where it has not been asked for all of them, or somebody else has. */
  async #check(
    issuer: IssuerRef,
    { place, isMissing }: { readonly place: SecretPlace; readonly isMissing: boolean },
    call: Call,
  ): Promise<Checked | undefined> {
    const { uid } = place.identity
    const now = this.#options.now()
    const last = this.#checked.get(uid)
    const wanted = issuerText(issuer)
    const since = last?.issuer === wanted ? last.since : now
    const isWell = last?.trouble === undefined && now - since > checkEveryMs.well
    const everyMs = isWell ? checkEveryMs.well : checkEveryMs.late
    if (!isMissing && last?.issuer === wanted && now - last.at < everyMs) return last
    const asked = await this.#asked(place, call)
    const isAsked = asked.every(each => each?.issuer === wanted)
    if (!isAsked) {
      this.#checked.delete(uid)
      return undefined
    }
    const [trouble] = asked.flatMap(each => troubleOf(each) ?? [])
    const checked = { at: now, since, issuer: wanted, trouble }
    this.#checked.set(uid, checked)
    return checked
  }

  /** Throws a CloudError where it cannot be asked. */
  async ask(issuer: IssuerRef, place: SecretPlace, call: Call): Promise<void> {
    const asked = await this.#asked(place, call)
    const foreign = leafRoles.find((_, at) => asked[at] !== undefined && !isOf(asked[at], place))
    if (foreign !== undefined) throw notOurs(`Certificate ${issuedRef(foreign, place).name}`)
    await this.#spareOthers(
      leafRoles.filter((_, at) => asked[at] === undefined),
      place,
      call,
    )
    for (const role of leafRoles)
      await this.#options.certificates.apply(certificateRequest(role, place, issuer), call).catch(judged)
  }

  /** The request goes before what came of it: else cert-manager would make that again. */
  async remove(place: SecretPlace, call: Call): Promise<void> {
    const { certificates, secrets } = this.#options
    for (const role of leafRoles) {
      const ref = issuedRef(role, place)
      const certificate = await certificates.read(ref, call)
      if (certificate !== undefined && isOf(certificate, place))
        await certificates.remove(ref, certificate.uid, call)
      const secret = await secrets.read(ref, call)
      if (secret !== undefined && isOurs(secret, place)) await secrets.remove(ref, secret.metadata.uid, call)
    }
  }

  async remains(place: SecretPlace, call: Call): Promise<boolean> {
    const refs = leafRoles.map(role => issuedRef(role, place))
    const secrets = await Promise.all(refs.map(ref => this.#options.secrets.read(ref, call)))
    if (secrets.some(secret => secret !== undefined && isOurs(secret, place))) return true
    return (await this.#asked(place, call)).some(each => each !== undefined && isOf(each, place))
  }

  forget(uid: ClusterUid): void {
    this.#checked.delete(uid)
  }

  /** cert-manager would write over a Secret that has the name of one to come. */
  async #spareOthers(roles: readonly LeafRole[], place: SecretPlace, call: Call): Promise<void> {
    for (const role of roles) {
      const ref = issuedRef(role, place)
      const found = await this.#options.secrets.read(ref, call)
      if (found !== undefined && !isOurs(found, place)) throw notOurs(`Secret ${ref.name}`)
    }
  }

  #asked(place: SecretPlace, call: Call): Promise<readonly (IssuedCertificate | undefined)[]> {
    return Promise.all(leafRoles.map(role => this.#options.certificates.read(issuedRef(role, place), call)))
  }
}

const notOurs = (what: string): CloudError =>
  new CloudError(
    'conflict',
    `${what} is there and is not this cluster's: rename or delete it, or give the cluster another name`,
  )

const isOf = (certificate: IssuedCertificate | undefined, { identity }: SecretPlace): boolean =>
  certificate?.labels[secretLabels.uid] === identity.uid

const silence = 'cert-manager has not answered yet'

/** Why it does not come, in cert-manager's words: the failed attempt tells more than what is missing because of it. */
function troubleOf(certificate: IssuedCertificate | undefined): string | undefined {
  const said = [certificate?.issuing, certificate?.ready].find(
    each => each?.isTrue === false && each.message !== '',
  )
  return said && `cert-manager says: ${said.message}`
}

function judged(error: unknown): never {
  if (!(error instanceof KubeError)) throw error
  const problem =
    error.status === 404
      ? 'the API server knows no Certificate of cert-manager.io/v1: install cert-manager, or choose another security.tls.mode'
      : `cert-manager could not be asked: ${error.message}`
  throw new CloudError(faults.get(error.status) ?? 'unavailable', problem, { cause: error })
}

const faults: ReadonlyMap<number, Fault> = new Map([
  [400, 'invalid'],
  [403, 'unauthorized'],
  [404, 'invalid'],
  [422, 'invalid'],
])
