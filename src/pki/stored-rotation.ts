import { X509Certificate } from 'node:crypto'

import { isRecord } from '../lib/parse.ts'
import type { RotationView } from '../model/renewal.ts'
import { authorityProblem } from './chain.ts'
import type { ClusterIdentity } from './identity.ts'
import { lifetimeOfPem } from './lifetime.ts'
import { leavesFrom, othersOf, type Rotation, type Stage } from './rotation.ts'
import { credentialIn, type StoredSecret, type StoredSecrets, textIn } from './stored.ts'

/** What an authority's Secret tells beside the authority. What somebody has spoilt counts as never begun, and so as not heard. */
export function rotationIn(secret: StoredSecret | undefined, identity: ClusterIdentity): Rotation {
  const written = writtenIn(secret)
  const { heard } = written
  const leavesSince = numberIn(written, 'leavesSince')
  const stage = stageIn(written, secret, identity)
  const requests = {
    leaves: textOf(heard, 'leaves'),
    authority: stage === undefined ? '' : textOf(heard, 'authority'),
  }
  return { stage: stage ?? { kind: 'settled' }, leavesSince, heard: requests }
}

function stageIn(
  written: Readonly<Record<string, unknown>>,
  secret: StoredSecret | undefined,
  identity: ClusterIdentity,
): Stage | undefined {
  const { stage } = written
  const since = numberIn(written, 'since')
  if (stage === 'introducing') {
    const next = { certificate: textIn(secret, 'next.crt'), key: textIn(secret, 'next.key') }
    return authorityProblem(next, identity) === undefined ? { kind: 'introducing', since, next } : undefined
  }
  const previous = textIn(secret, 'previous.crt')
  if (stage === 'leaving') return isCertificate(previous) ? { kind: 'leaving', since, previous } : undefined
  return { kind: 'settled' }
}

/** What a plan sees of it, of Secrets that were found good. */
export function rotationView(stored: StoredSecrets, identity: ClusterIdentity): RotationView {
  const { certificate } = credentialIn(stored.authority, 'authority')
  const rotation = rotationIn(stored.authority, identity)
  const launchedWith = (role: 'scheduler' | 'worker') =>
    lifetimeOfPem(credentialIn(stored[role], role).certificate)
  const { stage } = rotation
  return {
    authorities: [certificate, ...othersOf(rotation)].map(markOf).toSorted(),
    leavesFrom: leavesFrom(rotation.leavesSince),
    launchedWith: { scheduler: launchedWith('scheduler'), worker: launchedWith('worker') },
    stage: stage.kind === 'settled' ? stage : { kind: stage.kind, since: stage.since },
    heard: rotation.heard,
  }
}

/** What machines call a certificate (`bootstrap/machine/dask_tls.py`). */
export const markOf = (pem: string): string =>
  new X509Certificate(pem).fingerprint256.replaceAll(':', '').slice(0, 16).toLowerCase()

/** Where a roll stands, as it was written down; nothing where that cannot be read. */
export function writtenIn(secret: StoredSecret | undefined): Readonly<Record<string, unknown>> {
  try {
    const read: unknown = JSON.parse(textIn(secret, 'rotation.json') || '{}')
    return isRecord(read) ? read : {}
  } catch {
    return {}
  }
}

export const numberIn = (from: Readonly<Record<string, unknown>>, name: string): number => {
  const value = from[name]
  return typeof value === 'number' && value > 0 ? value : 0
}

const textOf = (from: unknown, name: string): string => {
  const value = isRecord(from) ? from[name] : undefined
  return typeof value === 'string' ? value : ''
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).ca
  } catch {
    return false
  }
}
