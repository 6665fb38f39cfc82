import { apiVersion, kind } from '../api/names.ts'
import type { Call } from '../lib/call.ts'
import type { CertificatesView } from '../model/certificates.ts'
import type { Cluster } from '../model/cluster.ts'
import { CloudError } from '../model/faults.ts'
import type { ClusterUid } from '../model/names.ts'
import { printsIn } from '../pki/given-roll.ts'
import { leafRoles } from '../pki/identity.ts'
import { certificatesView, inspectSecrets } from '../pki/inspect.ts'
import { repair } from '../pki/repair.ts'
import type { Turn } from '../pki/rotation.ts'
import {
  type Secret,
  type SecretPart,
  type SecretPlace,
  secretParts,
  secretRef,
  secretsOf,
} from '../pki/secret.ts'
import { type Signer, signerIn } from '../pki/signer.ts'
import {
  credentialIn,
  isAlike,
  isOurs,
  type StoredSecret,
  type StoredSecrets,
  textIn,
} from '../pki/stored.ts'
import { rotationView } from '../pki/stored-rotation.ts'
import type { CertificatesOptions, Presented } from './certificates-options.ts'
import { Copies, type Look, type Whose } from './copies.ts'
import { allOf, checkAsWritten, isKept, isSameLook, type Judged, withRemembered } from './kept-secrets.ts'

/** A tenant's Secret is read again after so long, and sooner while something is wrong with it. */
const tenantMs = { good: 10_000, bad: 3_000 }

interface Known {
  readonly secret: StoredSecret | undefined
  readonly readAt: number
}

/**
 * Every cluster's certificates and where they are stored. What was good once is remembered, so that a Secret that
 * somebody deletes comes back as it was: a new authority would cut off every machine.
 */
export class Certificates {
  readonly #options: CertificatesOptions
  readonly #clients = new Map<ClusterUid, Known>()
  readonly #good = new Map<ClusterUid, StoredSecrets>()
  readonly #judged = new Map<ClusterUid, Judged>()
  readonly #bad = new Set<ClusterUid>()
  /** Clusters of which a write of Secrets may have been cut off: the next one reads them all live. */
  readonly #unclear = new Set<ClusterUid>()

  readonly #copies: Copies

  constructor(options: CertificatesOptions) {
    this.#options = options
    this.#copies = new Copies(options.given, {
      place: cluster => this.#place(cluster),
      live: (cluster, call) => this.#live(cluster, call),
      put: (secret, before, call) => this.#put(secret, before, call),
      remember: (uid, client) => this.#remember(uid, client),
      now: options.now,
    })
  }

  /** `address`: what the client's `dask.yaml` must say, as soon as it is known. */
  async look(cluster: Cluster, address: string | undefined, call: Call): Promise<CertificatesView> {
    const place = this.#place(cluster)
    const stored = await this.#stored(cluster, call)
    const seen: Look = { stored, address, forBrowsers: cluster.dashboard.isExposed }
    if (cluster.tls.kind !== 'generated') return this.#lookAtCopies(cluster, seen, call)
    if (cluster.phase === 'deleting' && !secretParts.some(part => isKept(stored[part], place)))
      return { kind: 'removed' }
    const judged = this.#judged.get(cluster.uid)
    // Secrets that are going are what they were: nobody makes them anew.
    const isKnown =
      judged !== undefined && (cluster.phase === 'deleting' || isSameLook(judged, seen, this.#options.now()))
    if (isKnown) return judged.view
    return this.#judge(cluster, seen)
  }

  async #lookAtCopies(cluster: Cluster, look: Look, call: Call): Promise<CertificatesView> {
    const view = await this.#copies.look(cluster, look, call)
    if (view.kind === 'valid' || view.kind === 'missing') this.#bad.delete(cluster.uid)
    else this.#bad.add(cluster.uid)
    return view
  }

  /** Reading and checking four certificates takes a millisecond, and most passes find what the one before found. */
  #judge(cluster: Cluster, seen: Look): CertificatesView {
    const { uid } = cluster
    const { stored, address } = seen
    const place = this.#place(cluster)
    const context = { ...place, now: this.#options.now(), schedulerAddress: address }
    const found = certificatesView(inspectSecrets(stored, context), place)
    const view = found.kind === 'valid' ? { ...found, rotation: rotationView(stored, place.identity) } : found
    this.#bad.delete(uid)
    this.#judged.delete(uid)
    // That a new cluster has none yet is nothing bad, and lasts for a moment.
    if (view.kind !== 'valid' && (view.kind !== 'missing' || this.#good.has(uid))) this.#bad.add(uid)
    if (view.kind === 'valid') {
      this.#good.set(uid, stored)
      this.#judged.set(uid, { ...seen, view })
    }
    return view
  }

  /**
   * Makes what is missing and puts back what was good; a second time there is nothing to do. The first time, what was
   * looked at is good enough: a Secret that is there all the same refuses the write. After that, all are read live. With a
   * `turn`, that step of a rotation is taken as well.
   */
  async issue(cluster: Cluster, address: string | undefined, call: Call, turn?: Turn): Promise<void> {
    if (cluster.tls.kind !== 'generated') return this.#copies.issue(cluster, address, call, turn)
    const place = this.#place(cluster)
    const isFirst = turn === undefined && !this.#good.has(cluster.uid) && !this.#unclear.has(cluster.uid)
    const stored = await (isFirst ? this.#stored(cluster, call) : this.#live(cluster, call))
    const foreign = secretParts.find(part => stored[part] !== undefined && !isKept(stored[part], place))
    if (foreign !== undefined)
      throw new CloudError('conflict', `Secret ${secretRef(foreign, place).name} is not this cluster's`)
    const now = this.#options.now()
    const { bundle } = repair(withRemembered(stored, this.#good.get(cluster.uid), place), place, now, turn)
    const secrets = secretsOf(bundle, place, address)
    this.#unclear.add(cluster.uid)
    // What was good before has another authority, and whatever becomes of this write it must not be put back.
    if (turn !== undefined) this.#good.delete(cluster.uid)
    // Leaves are worth nothing without their authority; each of them stands for itself.
    const authority = await this.#put(secrets.authority, stored.authority, call)
    const written = await allOf(leafRoles.map(part => this.#put(secrets[part], stored[part], call)))
    this.#unclear.delete(cluster.uid)
    this.#remember(cluster.uid, written[leafRoles.indexOf('client')])
    const answered = leafRoles.map((part, at) => [part, written[at]])
    checkAsWritten(
      { authority, ...Object.fromEntries(answered) },
      { ...place, now, schedulerAddress: address },
    )
  }

  async remove(cluster: Cluster, call: Call): Promise<void> {
    const place = this.#place(cluster)
    await this.#copies.remove(cluster, call)
    const stored = await this.#live(cluster, call)
    for (const part of secretParts) {
      const secret = stored[part]
      if (secret !== undefined && isOurs(secret, place))
        await this.#options.store.remove(secretRef(part, place), secret, call)
    }
    this.#remember(cluster.uid, undefined)
  }

  /** What a role's machines, or the operator's own client, present. Undefined until the Secrets are there. */
  credential(cluster: Whose, role: 'scheduler' | 'worker' | 'client'): Presented | undefined {
    const place = this.#place(cluster)
    const secret =
      role === 'client'
        ? this.#clients.get(cluster.uid)?.secret
        : this.#options.store.own(secretRef(role, place).name)
    if (secret === undefined || !isOurs(secret, place)) return undefined
    const { certificate, key } = credentialIn(secret, role)
    return { ca: textIn(secret, 'ca.crt'), cert: certificate, key }
  }

  /** Which certificates whoever is given the scheduler's key may show. */
  prints(cluster: Whose): readonly string[] {
    const secret = this.#options.store.own(secretRef('scheduler', this.#place(cluster)).name)
    return secret === undefined ? [] : printsIn(secret)
  }

  /** Undefined where nobody here signs for the cluster's machines. */
  signer(cluster: Pick<Cluster, 'uid' | 'name' | 'namespace'>): Signer | undefined {
    const place = this.#place(cluster)
    return signerIn(this.#options.store.own(secretRef('authority', place).name), place)
  }

  /** One of the operator's Secrets changed: what is remembered of the tenant's is read again. */
  forget(uid: ClusterUid): void {
    this.#clients.delete(uid)
    this.#good.delete(uid)
    this.#judged.delete(uid)
    this.#bad.delete(uid)
    this.#unclear.delete(uid)
    this.#copies.forget(uid)
  }

  async #put(secret: Secret, before: StoredSecret | undefined, call: Call): Promise<StoredSecret> {
    return isAlike(secret, before) ? (before ?? secret) : this.#options.store.put(secret, before, call)
  }

  async #stored(cluster: Cluster, call: Call): Promise<StoredSecrets> {
    const place = this.#place(cluster)
    const own = (part: SecretPart): StoredSecret | undefined =>
      this.#options.store.own(secretRef(part, place).name)
    const client = await this.#client(cluster, call)
    return { authority: own('authority'), scheduler: own('scheduler'), worker: own('worker'), client }
  }

  async #live(cluster: Cluster, call: Call): Promise<StoredSecrets> {
    const place = this.#place(cluster)
    const found = await Promise.all(
      secretParts.map(part => this.#options.store.get(secretRef(part, place), call)),
    )
    return Object.fromEntries(secretParts.map((part, index) => [part, found[index]]))
  }

  async #client(cluster: Cluster, call: Call): Promise<StoredSecret | undefined> {
    const known = this.#clients.get(cluster.uid)
    const freshMs = this.#bad.has(cluster.uid) ? tenantMs.bad : tenantMs.good
    const now = this.#options.now()
    if (known !== undefined && now - known.readAt < freshMs && cluster.phase !== 'deleting')
      return known.secret
    const ref = secretRef('client', this.#place(cluster))
    const secret = await this.#options.store.get(ref, call).catch((error: unknown) => {
      // What was there a moment ago is a better guess than nothing, and the next look asks again.
      if (known === undefined) throw error
      return known.secret
    })
    this.#remember(cluster.uid, secret)
    return secret
  }

  #remember(uid: ClusterUid, secret: StoredSecret | undefined): void {
    this.#clients.set(uid, { secret, readAt: this.#options.now() })
  }

  #place({ uid, name, namespace, dashboard }: Whose): SecretPlace {
    const { operatorNamespace, installation } = this.#options
    return {
      identity: { uid, name, namespace },
      operatorNamespace,
      installation,
      owner: { apiVersion, kind },
      forBrowsers: dashboard?.isExposed === true,
    }
  }
}
