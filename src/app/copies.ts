import type { Call } from '../lib/call.ts'
import type { CertificatesView } from '../model/certificates.ts'
import type { Cluster } from '../model/cluster.ts'
import { CloudError } from '../model/faults.ts'
import type { ClusterUid } from '../model/names.ts'
import { copiesOf, inspectCopies, marksIn, standing } from '../pki/given-secrets.ts'
import { certificatesView } from '../pki/inspect.ts'
import { type Secret, type SecretPlace, secretParts, secretRef } from '../pki/secret.ts'
import type { StoredSecret, StoredSecrets } from '../pki/stored.ts'
import type { GivenCertificates, Source } from './given-certificates.ts'
import { allOf, isKept } from './kept-secrets.ts'

/** A cluster's Secrets, as the copies of what it was given are stored in them. */
export interface Shelf {
  readonly place: (cluster: Whose) => SecretPlace
  readonly live: (cluster: Cluster, call: Call) => Promise<StoredSecrets>
  /** Creates or replaces, unless it is as it is to be. */
  readonly put: (secret: Secret, before: StoredSecret | undefined, call: Call) => Promise<StoredSecret>
  readonly remember: (uid: ClusterUid, client: StoredSecret | undefined) => void
  readonly now: () => number
}

/** Whose Secrets they are; what is in them does not depend on more. */
export type Whose = Pick<Cluster, 'uid' | 'name' | 'namespace'> & Partial<Pick<Cluster, 'dashboard'>>

/** What was looked at. */
export interface Look {
  readonly stored: StoredSecrets
  readonly address: string | undefined
  readonly forBrowsers: boolean
}

/**
 * Certificates that users bring, or have issued, are copied to where machines' certificates are kept: a cluster goes on
 * with its copies for as long as they last, whatever becomes of what they were copied from.
 */
export class Copies {
  readonly #given: GivenCertificates
  readonly #shelf: Shelf

  constructor(given: GivenCertificates, shelf: Shelf) {
    this.#given = given
    this.#shelf = shelf
  }

  async look(cluster: Cluster, { stored, address }: Look, call: Call): Promise<CertificatesView> {
    const place = this.#shelf.place(cluster)
    if (cluster.phase === 'deleting') return this.#left(cluster, stored, call)
    const source = await this.#given.look(cluster, place, call)
    const context = { ...place, now: this.#shelf.now(), schedulerAddress: address }
    if (source.kind === 'given' || source.kind === 'none') {
      const view = certificatesView(inspectCopies(stored, source, context), place)
      if (view.kind !== 'valid' || source.kind === 'none') return view
      const { concern } = source
      return { ...view, marks: marksIn(stored), ...(concern && { concern }) }
    }
    const rest = standing(stored, context)
    if (rest === undefined) return viewOf(source)
    return { kind: 'valid', ...rest, marks: marksIn(stored), ...worryOf(source) }
  }

  async issue(cluster: Cluster, address: string | undefined, call: Call): Promise<void> {
    const place = this.#shelf.place(cluster)
    const source = await this.#given.look(cluster, place, call)
    if (source.kind === 'unasked') return this.#given.ask(cluster, place, call)
    if (source.kind !== 'given' && source.kind !== 'none') return
    const stored = await this.#shelf.live(cluster, call)
    const wanted = copiesOf(source, place, address)
    const copies = secretParts.flatMap(part => {
      const copy = wanted[part]
      return copy === undefined ? [] : [{ part, copy, before: stored[part] }]
    })
    const foreign = copies.find(({ before }) => before !== undefined && !isKept(before, place))
    if (foreign !== undefined)
      throw new CloudError('conflict', `Secret ${secretRef(foreign.part, place).name} is not this cluster's`)
    const written = await allOf(copies.map(({ copy, before }) => this.#shelf.put(copy, before, call)))
    this.#shelf.remember(cluster.uid, written[copies.findIndex(({ part }) => part === 'client')])
  }

  async remove(cluster: Cluster, call: Call): Promise<void> {
    await this.#given.remove(cluster, this.#shelf.place(cluster), call)
  }

  forget(uid: ClusterUid): void {
    this.#given.forget(uid)
  }

  async #left(cluster: Cluster, stored: StoredSecrets, call: Call): Promise<CertificatesView> {
    const place = this.#shelf.place(cluster)
    const isLeft = secretParts.some(part => isKept(stored[part], place))
    return isLeft || (await this.#given.remains(cluster, place, call))
      ? { kind: 'broken', problem: 'they are on their way out' }
      : { kind: 'removed' }
  }
}

type Wanting = Exclude<Source, { kind: 'given' | 'none' }>

const viewOf = (source: Wanting): CertificatesView =>
  source.kind === 'unasked' ? { kind: 'missing' } : source

/** What has been taken away is asked for again; everything else is for a person. */
function worryOf(source: Wanting) {
  switch (source.kind) {
    case 'refused':
      return { concern: { reason: source.reason, problem: source.problem } }
    case 'awaited':
      return { concern: { reason: 'Awaited', problem: source.problem } }
    case 'silent':
      return { concern: { reason: 'Unreadable', problem: source.problem } }
    case 'unasked':
      return { renewAt: -Infinity }
    default:
      return source satisfies never
  }
}
