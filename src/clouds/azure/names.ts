import { type ClusterUid, type MachineId, machineId, readClusterUid } from '../../model/names.ts'

/** Resources of a cluster beside its machines. Each kind has its own names; groups, networks and members are one a cluster. */
export type Part =
  | 'group'
  | 'network'
  | 'members'
  | 'scheduler-rules'
  | 'worker-rules'
  | 'scheduler-address'
  | 'scheduler-interface'

const suffixes = {
  group: '',
  network: '',
  members: '',
  'scheduler-rules': '-scheduler',
  'worker-rules': '-worker',
  'scheduler-address': '-scheduler',
  'scheduler-interface': '-scheduler',
} as const satisfies Record<Part, string>

export const partName = (uid: ClusterUid, part: Part): string => `dask-${uid}${suffixes[part]}`

export const subnetName = 'dask'

/** Made with a worker and deleted with it. */
export const interfaceName = (machine: string): string => `${machine}-nic`
export const addressName = (machine: string): string => `${machine}-ip`

/** The machine that an interface or an address was made for; Azure may put something of its own behind the name. */
export function machineBehind(name: string): MachineId | undefined {
  const [, machine] = /^(dask-[0-9a-f]{16}-\d+-\d{4})-(?:nic|ip)/.exec(name) ?? []
  return machine === undefined ? undefined : machineId(machine)
}

/** Of a machine's disk, whose tags are not ours to set: the name itself says whose it is, with a seal. At most 80 characters. */
export const diskName = (uid: ClusterUid, machine: string, seal: string): string =>
  `dask-${uid.replaceAll('-', '')}-${machine.slice('dask-'.length)}-${shortened(seal)}`

/** As a name takes it: hexadecimal, 64 bits. */
const shortened = (seal: string): string => Buffer.from(seal, 'base64url').toString('hex').slice(0, 16)

/** Undefined where it is no disk's that was made here. */
export function readDiskName(
  name: string,
): { readonly uid: ClusterUid; readonly machine: MachineId } | undefined {
  const [, hex = '', rest = ''] =
    /^dask-([0-9a-f]{32})-([0-9a-f]{16}-\d+-\d{4})-[0-9a-f]{16}$/.exec(name) ?? []
  const uid = readClusterUid(hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'))
  return uid === undefined ? undefined : { uid, machine: machineId(`dask-${rest}`) }
}
