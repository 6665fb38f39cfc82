import { createHmac } from 'node:crypto'
import type { Machine, MachineState } from '../model/machine.ts'
import {
  type ClusterUid,
  fingerprint,
  type InstallationId,
  type LaunchId,
  type MachineId,
  type Role,
  readClusterKey,
  readClusterUid,
  readLaunchId,
} from '../model/names.ts'
import type { LaunchRequest, Owner } from './contract.ts'

/** What everything that is made in a cloud says of itself, in whatever form that cloud keeps it. */
export const markNames = [
  'installation',
  'uid',
  'cluster',
  'role',
  'group',
  'launch',
  'seq',
  'fingerprint',
  'seal',
] as const

export type MarkName = (typeof markNames)[number]

export type Marks = Readonly<Partial<Record<MarkName, string>>>

export const ownedBy = ({ uid, key }: Owner, installation: InstallationId): Marks => ({
  installation,
  uid,
  cluster: key,
})

export const launchMarks = (
  { owner, role, group, launch, seq, fingerprint: print }: LaunchRequest,
  installation: InstallationId,
): Marks => ({ ...ownedBy(owner, installation), role, group, launch, seq: String(seq), fingerprint: print })

/** What a seal is made over: who it is for and what it is, so that a copied mark fits nothing else. */
export const sealed = ({ installation, uid, role, group, launch }: Marks): readonly string[] => [
  installation ?? '',
  uid ?? '',
  role ?? '',
  group ?? '',
  launch ?? '',
]

/** An HMAC, cut to what a tag holds easily: 192 bits. */
export const sealer =
  (key: string) =>
  (words: readonly string[]): string =>
    createHmac('sha256', key).update(JSON.stringify(words)).digest('base64url').slice(0, 32)

/** Whose a thing is by its marks; undefined where they are nobody's. */
export function ownerIn({ uid, cluster }: Marks): Owner | undefined {
  const known: ClusterUid | undefined = readClusterUid(uid ?? '')
  return known === undefined ? undefined : { uid: known, key: readClusterKey(cluster ?? '') }
}

export interface Ours {
  readonly installation: InstallationId
  /** Whether the marks carry this installation's seal. */
  readonly isSealed: (marks: Marks) => boolean
}

/** What its cloud says of a machine beside its marks. */
export interface Seen {
  readonly id: MachineId
  readonly createdAt: number
  readonly state: MachineState
}

/**
 * A machine of ours, or undefined for a stranger's. Marks are an index that anybody may copy: the seal says that they are
 * whole, and `isOf`, what nobody can edit, that they are this machine's.
 */
export function markedMachine(
  marks: Marks,
  ours: Ours,
  isOf: (launch: LaunchId) => boolean,
  { id, createdAt, state }: Seen,
): Machine | undefined {
  const owner = ownerIn(marks)
  const launch = readLaunchId(marks.launch ?? '')
  const role = roleIn(marks.role)
  const seq = Number(marks.seq)
  if (owner === undefined || launch === undefined || role === undefined) return undefined
  if (marks.installation !== ours.installation || !ours.isSealed(marks) || !isOf(launch)) return undefined
  return {
    id,
    owner: owner.uid,
    key: owner.key,
    role,
    group: marks.group ?? '',
    launch,
    seq: Number.isSafeInteger(seq) ? seq : 0,
    fingerprint: fingerprint(marks.fingerprint ?? ''),
    createdAt,
    state,
  }
}

const roleIn = (word: string | undefined): Role | undefined =>
  word === 'scheduler' || word === 'worker' ? word : undefined
