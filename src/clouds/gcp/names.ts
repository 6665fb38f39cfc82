import { createHash } from 'node:crypto'
import { type ClusterUid, type LaunchId, type MachineId, machineId, type Role } from '../../model/names.ts'

/** Of a launch's machines: nobody can edit a name, and it holds the launch's token. At most 63 characters. */
export const machineNames = (token: string, count: number): readonly MachineId[] =>
  Array.from({ length: count }, (_, at) => machineId(`dask-${token}-${String(at + 1).padStart(4, '0')}`))

export const isOfLaunch = (name: string, launch: LaunchId): boolean => name.startsWith(`dask-${launch}-`)

/** What Google takes for the name of a machine: anything else was never one. */
export const isName = (name: string): boolean => /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)

/** The same token, the same UUID: a request that is sent again is known by it. */
export function requestIdOf(token: string): string {
  const hex = createHash('sha256').update(`dask-cloud-operator ${token}`).digest('hex')
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `a${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-')
}

/** Every machine of the role carries it, and firewall rules are aimed at it. */
export const tagOf = (uid: ClusterUid, role: Role): string => `dask-${uid}-${role}`

export type Part = 'internal' | 'external' | 'scheduler' | 'scheduler-v6' | 'worker' | 'ssh'

export const partName = (uid: ClusterUid, part: Part): string => `dask-${uid}-${part}`
