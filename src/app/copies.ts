import type { Call } from '../lib/call.ts'
import type { RotationStep } from '../model/action.ts'
import type { CertificatesConcern, CertificatesView } from '../model/certificates.ts'
import type { Cluster } from '../model/cluster.ts'
import { CloudError } from '../model/faults.ts'
import type { ClusterUid } from '../model/names.ts'
import { maxBlocks } from '../pki/given.ts'
import { endedIn, withHistory } from '../pki/given-history.ts'
import { type Aim, aimOf, keptIn } from '../pki/given-roll.ts'
import {
  copiesOf,
  type GivenMaterial,
  inspectCopies,
  type Material,
  marksIn,
  standing,
} from '../pki/given-secrets.ts'
import { leafRoles } from '../pki/identity.ts'
import { certificatesView } from '../pki/inspect.ts'
import type { Turn } from '../pki/rotation.ts'
import { type Secret, type SecretPart, type SecretPlace, secretParts, secretRef } from '../pki/secret.ts'
import type { StoredSecret, StoredSecrets } from '../pki/stored.ts'
import type { GivenCertificates, Source } from './given-certificates.ts'
import { allOf, isKept, isSameVersion } from './kept-secrets.ts'

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

/** Copies are judged anew when one has changed, and now and then since certificates end. */
const judgeEveryMs = 60_000

interface Kept {
  readonly stored: StoredSecrets
  readonly at: number
  readonly kept: GivenMaterial | undefined
}

/**
 * Certificates that users bring, or have issued, are copied to where machines' certificates are kept: a cluster goes on
 * with its copies for as long as they last, whatever becomes of what they were copied from.
 */
export class Copies {
  readonly #given: GivenCertificates
  readonly #shelf: Shelf
  readonly #kept = new Map<ClusterUid, Kept>()

  constructor(given: GivenCertificates, shelf: Shelf) {
    this.#given = given
    this.#shelf = shelf
  }

  async look(cluster: Cluster, { stored, address }: Look, call: Call): Promise<CertificatesView> {
    const place = this.#shelf.place(cluster)
    if (cluster.phase === 'deleting') return this.#left(cluster, stored, call)
    const source = await this.#given.look(cluster, place, call)
    const context = { ...place, now: this.#shelf.now(), schedulerAddress: address }
    const kept = this.#keptIn(stored, place)
    const aim = aimAt(source, kept, context.now)
    if (aim.kind === 'unknown') {
      const rest = standing(stored, context)
      if (rest !== undefined) return { kind: 'valid', ...rest, ...worryOf(aim.source) }
      return endedView(aim.source, endedIn(stored, place, context.now)) ?? viewOf(aim.source)
    }
    const have = remembering(aim.have, stored, context)
    const view = certificatesView(inspectCopies(stored, have, context), place)
    if (view.kind === 'foreign' || have.kind === 'none') return view
    // What there is serves, and is to be written anew.
    if (view.kind !== 'valid' && kept !== undefined) {
      const flaw = view.kind === 'broken' ? view.problem : 'they are not there any more'
      return { kind: 'valid', notAfter: kept.notAfter, flaw, ...aim.worry, renewAt: -Infinity }
    }
    if (view.kind !== 'valid') return view
    const stage = aim.turn === undefined ? undefined : have.stage
    const { superseded } = have
    const rolled = { ...(stage && { stage }), ...(superseded && { superseded }) }
    return { ...view, marks: marksIn(stored), ...rolled, ...aim.worry }
  }

  /** With a `turn`, that step of a roll is taken, if it is the next one. */
  async issue(
    cluster: Cluster,
    address: string | undefined,
    call: Call,
    turn?: Pick<Turn, 'step'>,
  ): Promise<void> {
    const place = this.#shelf.place(cluster)
    const source = await this.#given.look(cluster, place, call)
    if (source.kind === 'unasked') return this.#given.ask(cluster, place, call)
    const stored = await this.#shelf.live(cluster, call)
    const aim = aimAt(source, this.#keptIn(stored, place), this.#shelf.now())
    if (aim.kind === 'unknown') return
    const next = turn !== undefined && turn.step === aim.turn?.step ? aim.turn.have : aim.have
    const have = remembering(next, stored, { ...place, now: this.#shelf.now() })
    const wanted = copiesOf(have, place, address)
    const foreign = secretParts.find(part => wanted[part] && stored[part] && !isKept(stored[part], place))
    if (foreign !== undefined)
      throw new CloudError('conflict', `Secret ${secretRef(foreign, place).name} is not this cluster's`)
    const put = async (part: SecretPart): Promise<StoredSecret | undefined> => {
      const copy = wanted[part]
      return copy && this.#shelf.put(copy, stored[part], call)
    }
    // This one tells how far a roll has come.
    await put('scheduler')
    const [client] = await allOf([put('client'), put('worker')])
    this.#shelf.remember(cluster.uid, client)
  }

  async remove(cluster: Cluster, call: Call): Promise<void> {
    await this.#given.remove(cluster, this.#shelf.place(cluster), call)
  }

  forget(uid: ClusterUid): void {
    this.#kept.delete(uid)
    this.#given.forget(uid)
  }

  /**
   * The copies as one set. Where some of them are gone or spoilt, what they were a moment ago: a set of another authority
   * in its place would cut off every machine.
   */
  #keptIn(stored: StoredSecrets, place: SecretPlace): GivenMaterial | undefined {
    const { uid } = place.identity
    const last = this.#kept.get(uid)
    const now = this.#shelf.now()
    const isSame =
      last !== undefined &&
      now - last.at < judgeEveryMs &&
      (last.kept?.notAfter ?? Infinity) > now &&
      leafRoles.every(role => isSameVersion(last.stored[role], stored[role]))
    if (isSame) return last.kept
    const before = last?.kept !== undefined && last.kept.notAfter > now ? last.kept : undefined
    const kept = keptIn(stored, place, now) ?? before
    this.#kept.set(uid, { stored, at: now, kept })
    return kept
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

type CopiesAim =
  /** Nothing is known that could be stored. */
  | { readonly kind: 'unknown'; readonly source: Wanting }
  | {
      readonly kind: 'known'
      readonly have: Material
      /** What comes once every machine holds the copies. */
      readonly turn?: { readonly step: RotationStep; readonly have: Material }
      readonly worry?: Worry | undefined
    }

interface Worry {
  readonly concern?: CertificatesConcern
  readonly renewAt?: number
}

/** What copies are to be: for as long as nothing better is there, what they are. */
function aimAt(source: Source, kept: GivenMaterial | undefined, now: number): CopiesAim {
  if (source.kind === 'none') return { kind: 'known', have: source }
  if (source.kind !== 'given')
    return kept === undefined
      ? { kind: 'unknown', source }
      : { kind: 'known', have: kept, worry: worryOf(source) }
  const { concern } = source
  const worry = concern && { concern }
  if (kept === undefined) return { kind: 'known', have: source, worry }
  const aim = aimOf(kept, source, now)
  return aim.kind === 'known'
    ? { ...aim, worry }
    : { kind: 'known', have: kept, worry: { concern: overfull(aim, source) } }
}

const overfull = (
  { role, count }: Extract<Aim, { kind: 'overfull' }>,
  { names }: Extract<Source, { kind: 'given' }>,
): CertificatesConcern => ({
  reason: 'SecretInvalid',
  problem: `Secret ${names[role]}, ca.crt: its authorities and those that machines trust from before are ${count} certificates together, and ${maxBlocks} fit: leave fewer in it`,
})

const remembering = (
  have: Material,
  stored: StoredSecrets,
  { now, ...place }: SecretPlace & { readonly now: number },
): Material => (have.kind === 'none' ? have : withHistory(have, stored, place, now))

/** Nothing that could be used is left: it is of no use to wait for what it was copied from to be read. */
function endedView(
  source: Wanting,
  ended: ReturnType<typeof endedIn>,
): Extract<CertificatesView, { kind: 'refused' }> | undefined {
  if (ended === undefined || source.kind === 'unasked') return undefined
  const { roles, at } = ended
  const whose = `The certificate of ${listed(roles)} has expired at ${new Date(at).toISOString()}`
  return { kind: 'refused', reason: 'CertificateExpired', problem: `${whose}. ${source.problem}` }
}

const listed = (roles: readonly string[]): string =>
  [roles.slice(0, -1).join(', '), ...roles.slice(-1)].filter(each => each !== '').join(' and ')

const viewOf = (source: Wanting): CertificatesView =>
  source.kind === 'unasked' ? { kind: 'missing' } : source

/** What has been taken away is asked for again; everything else is for a person. */
function worryOf(source: Wanting): Worry {
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
