import { X509Certificate } from 'node:crypto'

import type { RotationStep } from '../model/action.ts'
import type { RotationStage, Superseded } from '../model/renewal.ts'
import { type Given, type GivenLeaf, maxBlocks, readGiven } from './given.ts'
import { mostPrints, printsBeforeIn, supersededIn } from './given-history.ts'
import type { GivenMaterial } from './given-secrets.ts'
import { type LeafRole, leafRoles } from './identity.ts'
import { certificateBlocks } from './pem.ts'
import type { SecretPlace } from './secret.ts'
import { isOurs, type StoredSecret, type StoredSecrets, textIn } from './stored.ts'
import { numberIn, writtenIn } from './stored-rotation.ts'

/** What copies are to hold now, and what once every machine has that. */
export type Aim =
  | {
      readonly kind: 'known'
      readonly have: GivenMaterial
      readonly turn?: { readonly step: RotationStep; readonly have: GivenMaterial }
    }
  /** Old and new authorities together are more than fit. */
  | { readonly kind: 'overfull'; readonly role: LeafRole; readonly count: number }

/**
 * From the copies to what is given now, so that no connection fails on the way, whatever has become another: machines trust
 * all authorities, the old and the new, before anybody shows a certificate that is new, and drop the old once nobody shows
 * one of those. A step that has to wait for machines is a turn. `now` in milliseconds since the epoch.
 */
export function aimOf(kept: GivenMaterial, wanted: GivenMaterial, now: number): Aim {
  const { stage = settled } = kept
  for (const role of leafRoles) {
    const count = trustIn(kept.given[role], wanted.given[role]).size
    if (count > maxBlocks) return { kind: 'overfull', role, count }
  }
  if (trustsMore(wanted, kept))
    return known({ ...trusting(kept, kept, wanted), stage: { kind: 'introducing', since: now } })
  const isOneLeft = trustsMore(kept, wanted)
  const after: RotationStage = isOneLeft ? { kind: 'leaving', since: now } : settled
  const isShown = wanted.given.scheduler.certificate === kept.given.scheduler.certificate
  const { before = [] } = kept
  const shown = isShown ? before : [printOf(kept.given.scheduler.certificate), ...before].slice(0, mostPrints)
  const changed = { ...trusting(wanted, kept, wanted), stage: after, before: shown }
  if (stage.kind === 'introducing') return known(kept, { step: 'change-authority', have: changed })
  const isOther = leafRoles.some(role => wanted.given[role].certificate !== kept.given[role].certificate)
  if (isOther || (isOneLeft && stage.kind === 'settled')) return known(changed)
  if (!isOneLeft) return known({ ...kept, stage: settled })
  return known(kept, { step: 'drop-authority', have: { ...wanted, stage: settled } })
}

type Known = Extract<Aim, { kind: 'known' }>
const known = (have: GivenMaterial, turn?: Known['turn']): Known => ({
  kind: 'known',
  have,
  ...(turn && { turn }),
})

/** Whether any role of the first trusts somebody whom it does not trust in the other. */
const trustsMore = ({ given: one }: GivenMaterial, { given: other }: GivenMaterial): boolean =>
  leafRoles.some(role => trustIn(other[role], one[role]).size > trustIn(other[role]).size)

/** What stored copies are, where they are one set whose members trust one another. */
export function keptIn(stored: StoredSecrets, place: SecretPlace, now: number): GivenMaterial | undefined {
  const { scheduler, worker, client } = stored
  if (scheduler === undefined || worker === undefined || client === undefined) return undefined
  if (![scheduler, worker, client].every(each => isOurs(each, place))) return undefined
  const [a, b, c] = [scheduler, worker, client].map(givenSecret)
  if (a === undefined || b === undefined || c === undefined) return undefined
  const read = readGiven({ scheduler: a, worker: b, client: c }, now)
  if (read.kind === 'bad') return undefined
  return { kind: 'given', given: read.given, notAfter: read.notAfter, ...rollIn(scheduler) }
}

/** What the scheduler's copy tells beside its certificate. */
export function rollData({
  stage = settled,
  before = [],
  superseded,
}: GivenMaterial): Readonly<Record<string, string>> {
  if (stage.kind === 'settled' && before.length === 0 && superseded === undefined) return {}
  const since = stage.kind === 'settled' ? undefined : stage.since
  return { 'rotation.json': JSON.stringify({ stage: stage.kind, since, before, ...superseded }) }
}

const settled: RotationStage = { kind: 'settled' }

function rollIn(scheduler: StoredSecret): Rolled {
  const written = writtenIn(scheduler)
  const { stage: kind } = written
  const superseded = supersededIn(scheduler)
  const isRolling = kind === 'introducing' || kind === 'leaving'
  return {
    stage: isRolling ? { kind, since: numberIn(written, 'since') } : settled,
    before: printsBeforeIn(scheduler),
    ...(superseded && { superseded }),
  }
}

type Rolled = Required<Pick<GivenMaterial, 'stage' | 'before'>> & { readonly superseded?: Superseded }

/** Which certificates whoever is to have the scheduler's key may show: the one that is stored, and those from before. */
export function printsIn(scheduler: StoredSecret): readonly string[] {
  return [printOf(textIn(scheduler, 'tls.crt')), ...rollIn(scheduler).before]
}

const printOf = (pem: string): string => new X509Certificate(pem).fingerprint256

const givenSecret = (secret: StoredSecret) => ({
  name: '',
  texts: Object.fromEntries(['ca.crt', 'tls.crt', 'tls.key'].map(key => [key, textIn(secret, key)])),
})

/** The leaves of the first, trusting whom the others trust. */
function trusting(leaves: GivenMaterial, ...others: readonly GivenMaterial[]): GivenMaterial {
  const leaf = (role: keyof Given): GivenLeaf => ({
    ...leaves.given[role],
    ca: [...trustIn(...others.map(({ given }) => given[role]))].join(''),
  })
  return {
    ...leaves,
    given: { scheduler: leaf('scheduler'), worker: leaf('worker'), client: leaf('client') },
  }
}

const trustIn = (...leaves: readonly GivenLeaf[]): ReadonlySet<string> =>
  new Set(leaves.flatMap(({ ca }) => certificateBlocks(ca).map(block => `${block}\n`)))
