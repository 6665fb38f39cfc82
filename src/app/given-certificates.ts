import type { SecretRef } from '../kube/secrets.ts'
import type { Call } from '../lib/call.ts'
import type { CertificatesConcern } from '../model/certificates.ts'
import type { Cluster, Tls } from '../model/cluster.ts'
import type { ClusterUid } from '../model/names.ts'
import { type Ends, readGiven } from '../pki/given.ts'
import type { Material } from '../pki/given-secrets.ts'
import { type LeafRole, leafRoles } from '../pki/identity.ts'
import { issuedRef } from '../pki/issuing.ts'
import type { SecretPlace } from '../pki/secret.ts'
import type { Issuing } from './issuing.ts'
import {
  type KnownSecret,
  TenantSecrets,
  type TenantSecretsOptions,
  textsOf,
  usableAs,
} from './tenant-secrets.ts'

/** What a cluster's certificates come from, where no authority of ours makes them. */
export type Source =
  | Extract<Material, { kind: 'none' }>
  | (Extract<Material, { kind: 'given' }> & {
      /** Of the Secrets that it is from. */
      readonly names: Readonly<Record<LeafRole, string>>
      readonly concern?: CertificatesConcern
    })
  | ({ readonly kind: 'refused' } & CertificatesConcern)
  | { readonly kind: 'awaited'; readonly problem: string }
  /** Nobody has been asked for some of them. */
  | { readonly kind: 'unasked' }
  | { readonly kind: 'silent'; readonly problem: string }

export interface GivenCertificatesOptions extends TenantSecretsOptions {
  readonly issuing: Issuing
  /** Milliseconds since the epoch. */
  readonly wall: () => number
}

type Bringing = Extract<Tls, { kind: 'provided' | 'issuer' }>

/** What stands in Secrets is judged anew when one has changed, and now and then since certificates end. */
const judgeEveryMs = 60_000

/** An API server may be out of reach for a moment. */
const patienceMs = 180_000

interface Judged {
  readonly versions: string
  readonly at: number
  readonly source: Source
}

/** Certificates that users bring or have issued: where they are, whether they may be used and whether they are any good. */
export class GivenCertificates {
  readonly #options: GivenCertificatesOptions
  readonly #named: TenantSecrets
  readonly #bad = new Set<ClusterUid>()
  readonly #judged = new Map<ClusterUid, Judged>()

  constructor(options: GivenCertificatesOptions) {
    this.#options = options
    this.#named = new TenantSecrets(options)
  }

  /** Throws a KubeError where cert-manager's part cannot be read. */
  async look({ tls }: Pick<Cluster, 'tls'>, place: SecretPlace, call: Call): Promise<Source> {
    if (tls.kind === 'disabled' || tls.kind === 'generated') return { kind: 'none' }
    const { uid } = place.identity
    const read = await this.#read(tls, place, call)
    const source =
      tls.kind === 'issuer' ? await this.#options.issuing.judge(read, tls.issuer, place, call) : read
    if (source.kind === 'given') this.#bad.delete(uid)
    else this.#bad.add(uid)
    return source
  }

  /** Asks the issuer for whatever it was not asked for. Throws a CloudError. */
  async ask({ tls }: Pick<Cluster, 'tls'>, place: SecretPlace, call: Call): Promise<void> {
    if (tls.kind === 'issuer') await this.#options.issuing.ask(tls.issuer, place, call)
  }

  /** Takes back what was asked for, and what came of it. */
  async remove({ tls }: Pick<Cluster, 'tls'>, place: SecretPlace, call: Call): Promise<void> {
    if (tls.kind === 'issuer') await this.#options.issuing.remove(place, call)
  }

  /** Whether anything of that is there. */
  async remains({ tls }: Pick<Cluster, 'tls'>, place: SecretPlace, call: Call): Promise<boolean> {
    return tls.kind === 'issuer' && (await this.#options.issuing.remains(place, call))
  }

  forget(uid: ClusterUid): void {
    this.#named.forget(uid)
    this.#options.issuing.forget(uid)
    this.#bad.delete(uid)
    this.#judged.delete(uid)
  }

  async #read(tls: Bringing, place: SecretPlace, call: Call): Promise<Source> {
    const { uid } = place.identity
    const known = this.#named.meet(
      uid,
      leafRoles.map(role => refOf(tls, role, place)),
    )
    await this.#named.refresh([...new Set(known)], this.#bad.has(uid) ? 'bad' : 'good', call)
    const versions = known.map(({ answer }) => answer?.secret?.metadata.resourceVersion ?? '-').join()
    const last = this.#judged.get(uid)
    const now = this.#options.now()
    const isSame = last?.versions === versions && now - last.at < judgeEveryMs
    if (isSame && last.source.kind !== 'silent' && !hasEnded(last.source, this.#options.wall()))
      return doubted(last.source, known, now)
    const source = judge(known, tls, this.#options.wall())
    this.#judged.set(uid, { versions, at: now, source })
    return doubted(source, known, now)
  }
}

/** Whether it was good until a moment ago. */
const hasEnded = (source: Source, wall: number): boolean => source.kind === 'given' && wall >= source.notAfter

/** What was read last may be all that counts for a while, but somebody may wait for something newer to be used. */
function doubted(source: Source, known: readonly KnownSecret[], now: number): Source {
  const unread = known.find(({ unreadSince = Infinity }) => now - unreadSince >= patienceMs)
  if (source.kind !== 'given' || unread === undefined) return source
  const problem = `${unread.problem ?? `Secret ${unread.ref.name} cannot be read`}. It has been so for minutes, and what was read before is used`
  return { ...source, concern: { reason: 'Unreadable', problem } }
}

function refOf(tls: Bringing, role: LeafRole, place: SecretPlace): SecretRef {
  if (tls.kind === 'issuer') return issuedRef(role, place)
  return { namespace: place.identity.namespace, name: tls.secrets[role] }
}

/** `known`: of the scheduler, the worker and the client, in this order. */
function judge(known: readonly KnownSecret[], { kind }: Bringing, wall: number): Source {
  const unread = known.find(({ answer }) => answer === undefined)
  if (unread !== undefined)
    return { kind: 'silent', problem: unread.problem ?? `Secret ${unread.ref.name} has not been read yet` }
  const found = known.map(({ ref, answer }) =>
    usableAs('certificates', answer?.secret, ref, each => each.metadata.isDeleting),
  )
  const refused = found.find(each => each.kind === 'refused')
  if (refused !== undefined) return refused
  const [scheduler, worker, client] = found.flatMap(each =>
    each.kind === 'usable' ? [{ name: each.secret.metadata.name, texts: textsOf(each.secret) }] : [],
  )
  if (scheduler === undefined || worker === undefined || client === undefined)
    throw new TypeError('every role has a Secret')
  // cert-manager renews them one by one: while its authority becomes another, not all are of the same.
  const trust = kind === 'issuer' ? 'shared' : 'own'
  const read = readGiven({ scheduler, worker, client }, wall, trust)
  if (read.kind === 'bad') return { kind: 'refused', reason: 'SecretInvalid', problem: read.problem }
  const { given, notAfter, renewAt } = read
  const names = { scheduler: scheduler.name, worker: worker.name, client: client.name }
  return { kind: 'given', given, names, notAfter, ...(wall < renewAt ? {} : { concern: ending(read, kind) }) }
}

const ending = ({ first, notAfter }: Ends, kind: Bringing['kind']): CertificatesConcern => ({
  reason: 'ExpiresSoon',
  problem: `${first} ends at ${new Date(notAfter).toISOString()}: ${renewers[kind]}`,
})

const renewers = {
  provided: 'replace what is in the Secret before that time',
  issuer: 'cert-manager is to renew it before that time (kubectl describe certificate)',
} as const
