import type { X509Certificate } from 'node:crypto'

import type { RotationStep } from '../model/action.ts'
import type { Requested } from '../model/cluster.ts'
import { backdateMs } from '../model/renewal.ts'
import type { Authority } from './authority.ts'
import { type Bundle, newAuthority } from './bundle.ts'
import type { ClusterIdentity } from './identity.ts'
import { lifetimeOf } from './lifetime.ts'

/** What an authority's Secret tells beside the authority. Times in milliseconds since the epoch. */
export interface Rotation {
  readonly stage: Stage
  /** Leaves that were signed before are to be replaced; 0 for none. */
  readonly leavesSince: number
  /** Which requests have been heard. */
  readonly heard: Requested
}

export type Stage =
  | { readonly kind: 'settled' }
  | { readonly kind: 'introducing'; readonly since: number; readonly next: Authority }
  /** `previous` is a certificate: its key is gone. */
  | { readonly kind: 'leaving'; readonly since: number; readonly previous: string }

export const unrotated: Rotation = {
  stage: { kind: 'settled' },
  leavesSince: 0,
  heard: { leaves: '', authority: '' },
}

/** What signs, and what is to become of it. */
export interface Authorities {
  readonly authority: Authority
  readonly rotation: Rotation
}

/** Everybody whom machines and clients of a cluster trust, as PEM: its authority, and while it is rolled one more. */
export function trustOf({ authority, rotation }: Pick<Bundle, 'authority' | 'rotation'>): string {
  return [authority.certificate, ...othersOf(rotation)].map(pem => `${pem.trim()}\n`).join('')
}

export function othersOf({ stage } = unrotated): readonly string[] {
  if (stage.kind === 'introducing') return [stage.next.certificate]
  return stage.kind === 'leaving' ? [stage.previous] : []
}

/** Whether a leaf is to be replaced although its time is not over. */
export const isOutdated = (leaf: X509Certificate, { leavesSince }: Rotation): boolean =>
  lifetimeOf(leaf).notBefore < leavesFrom(leavesSince)

/** X.509 counts in seconds. */
export const leavesFrom = (since: number): number => Math.floor((since - backdateMs) / 1000) * 1000

/** When leaves are signed: whoever asked for new ones may have had a clock that was ahead of ours, and would never have any else. */
export const signingTime = (now: number, { leavesSince }: Rotation): number => Math.max(now, leavesSince)

/** What there is after a step; the leaves are for `repair` to follow. Nothing changes where the step is not the next one. */
export function rotated(
  bundle: Authorities,
  { step, asked }: Turn,
  { identity, now }: { readonly identity: ClusterIdentity; readonly now: number },
): Authorities {
  const { authority, rotation } = bundle
  const { stage, heard } = rotation
  const leavesSince = signingTime(now, rotation)
  switch (step) {
    case 'renew-leaves':
      return {
        ...bundle,
        rotation: { ...rotation, leavesSince, heard: { ...heard, leaves: asked.leaves } },
      }
    case 'introduce-authority': {
      if (stage.kind !== 'settled') return bundle
      const next = newAuthority(identity, now)
      const since = { kind: 'introducing', since: now, next } as const
      return {
        ...bundle,
        rotation: { ...rotation, stage: since, heard: { ...heard, authority: asked.authority } },
      }
    }
    case 'change-authority': {
      if (stage.kind !== 'introducing') return bundle
      const leaving = { kind: 'leaving', since: now, previous: authority.certificate } as const
      return { ...bundle, authority: stage.next, rotation: { ...rotation, stage: leaving, leavesSince } }
    }
    case 'drop-authority':
      return { ...bundle, rotation: { ...rotation, stage: { kind: 'settled' } } }
    default:
      return step satisfies never
  }
}

/** A step, and what is asked for as it is taken. */
export interface Turn {
  readonly step: RotationStep
  readonly asked: Requested
}

/** The part of an authority's Secret that tells of it; nothing of a cluster whose certificates were only ever renewed in time. */
export function rotationData({ stage, leavesSince, heard }: Rotation): Readonly<Record<string, string>> {
  if (stage.kind === 'settled' && leavesSince === 0 && heard.authority === '' && heard.leaves === '')
    return {}
  const since = stage.kind === 'settled' ? undefined : stage.since
  return {
    'rotation.json': JSON.stringify({ stage: stage.kind, since, leavesSince, heard }),
    ...(stage.kind === 'introducing'
      ? { 'next.crt': stage.next.certificate, 'next.key': stage.next.key }
      : {}),
    ...(stage.kind === 'leaving' ? { 'previous.crt': stage.previous } : {}),
  }
}
