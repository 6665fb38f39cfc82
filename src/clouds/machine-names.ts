import { type LaunchId, type MachineId, machineId } from '../model/names.ts'

/** Of a launch's machines, in a cloud where nobody can edit a name: it holds the launch's token. At most 63 characters. */
export const machineNames = (token: string, count: number): readonly MachineId[] =>
  Array.from({ length: count }, (_, at) => machineId(`dask-${token}-${String(at + 1).padStart(4, '0')}`))

export const isOfLaunch = (name: string, launch: LaunchId): boolean => name.startsWith(`dask-${launch}-`)

/** What may be the name of a machine: anything else was never one. */
export const isName = (name: string): boolean => /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)
