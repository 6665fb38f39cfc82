import { X509Certificate } from 'node:crypto'

import type { Superseded } from '../model/renewal.ts'
import type { GivenMaterial } from './given-secrets.ts'
import { type LeafRole, leafRoles } from './identity.ts'
import { lifetimeOfPem } from './lifetime.ts'
import { certificateBlocks } from './pem.ts'
import type { SecretPlace } from './secret.ts'
import { isOurs, type StoredSecret, type StoredSecrets, textIn } from './stored.ts'
import { numberIn, writtenIn } from './stored-rotation.ts'

/** A scheduler that missed more renewals than these gets no key any more. */
export const mostPrints = 16

/**
 * What is to be stored, with what is known of the copies that it takes the place of: which certificates the scheduler may
 * still show, also where those have ended, and what workers were launched with. Added again it changes nothing.
 * `now` in milliseconds since the epoch.
 */
export function withHistory(
  material: GivenMaterial,
  stored: StoredSecrets,
  place: SecretPlace,
  now: number,
): GivenMaterial {
  const { scheduler, worker } = ownOf(stored, place)
  const superseded = supersededBy(material, { scheduler, worker }, now)
  const before = material.before ?? printsBefore(material, scheduler)
  return { ...material, before, ...(superseded && { superseded }) }
}

/** Certificates in the copies that have ended by `now`: whose they are and since when nobody takes the first of them. */
export function endedIn(
  stored: StoredSecrets,
  place: SecretPlace,
  now: number,
): { readonly roles: readonly LeafRole[]; readonly at: number } | undefined {
  const own = ownOf(stored, place)
  const ends = leafRoles.map(role => ({ role, at: own[role] === undefined ? Infinity : endOf(own[role]) }))
  const ended = ends.filter(({ at }) => at <= now)
  if (ended.length === 0) return undefined
  return { roles: ended.map(({ role }) => role), at: Math.min(...ended.map(({ at }) => at)) }
}

/** When nobody takes whoever shows this copy any more, or it takes nobody; never where that cannot be read. */
export function endOf(copy: StoredSecret): number {
  const shown = endsIn(textIn(copy, 'tls.crt'))
  const trusted = endsIn(textIn(copy, 'ca.crt'))
  return Math.min(...shown, trusted.length === 0 ? Infinity : Math.max(...trusted))
}

function endsIn(text: string): readonly number[] {
  try {
    return certificateBlocks(text).map(block => lifetimeOfPem(block).notAfter)
  } catch {
    return []
  }
}

function supersededBy(
  { given }: GivenMaterial,
  { scheduler, worker }: StoredSecrets,
  now: number,
): Superseded | undefined {
  const known = scheduler && supersededIn(scheduler)
  if (!worker || textIn(worker, 'tls.crt') === given.worker.certificate) return known
  const shown = Math.min(...endsIn(textIn(worker, 'tls.crt')))
  // Whom to trust is told to workers that run: that of the copy counts where nobody could tell them any more.
  const until = endOf(worker) <= now ? endOf(worker) : shown
  // A copy that somebody has spoilt says nothing of what any machine has.
  if (!Number.isFinite(until)) return known
  return { until: Math.max(known?.until ?? until, until), replacedAt: now }
}

export function supersededIn(scheduler: StoredSecret): Superseded | undefined {
  const written = writtenIn(scheduler)
  const [until, replacedAt] = [numberIn(written, 'until'), numberIn(written, 'replacedAt')]
  return replacedAt === 0 || until === 0 ? undefined : { until, replacedAt }
}

/** Of a scheduler whose copies are no good any more: it may run on with what they were. */
function printsBefore({ given }: GivenMaterial, scheduler: StoredSecret | undefined): readonly string[] {
  if (!scheduler) return []
  const shown = textIn(scheduler, 'tls.crt')
  const before = printsBeforeIn(scheduler)
  if (shown === given.scheduler.certificate) return before
  const print = printOf(shown)
  return print === undefined ? before : [print, ...before].slice(0, mostPrints)
}

export function printsBeforeIn(scheduler: StoredSecret): readonly string[] {
  const { before } = writtenIn(scheduler)
  return Array.isArray(before) ? before.filter(each => typeof each === 'string').slice(0, mostPrints) : []
}

function printOf(pem: string): string | undefined {
  try {
    return new X509Certificate(pem).fingerprint256
  } catch {
    return undefined
  }
}

const ownOf = (stored: StoredSecrets, place: SecretPlace): StoredSecrets =>
  Object.fromEntries(
    leafRoles.flatMap(role => {
      const copy = stored[role]
      return copy !== undefined && isOurs(copy, place) ? [[role, copy]] : []
    }),
  )
