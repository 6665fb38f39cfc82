import type { Machine } from '../../model/machine.ts'
import {
  type ClusterUid,
  fingerprint,
  type InstallationId,
  type MachineId,
  machineId,
  readClusterKey,
  readLaunchId,
} from '../../model/names.ts'
import { isOfLaunch } from '../machine-names.ts'
import { markedMachine, type Ours } from '../marks.ts'
import type { Leftover } from './leftovers.ts'
import type { Look } from './lists.ts'
import { diskName, machineBehind, readDiskName } from './names.ts'
import { groupOf, sameId, type Thing } from './sdk.ts'
import { readTags } from './tags.ts'

/** What a disk's seal is made over: its name is all that it has. */
export const diskWords = (
  installation: InstallationId,
  uid: ClusterUid,
  machine: string,
): readonly string[] => ['disk', installation, uid, machine]

/** Interfaces, addresses and disks of ours that are attached to nothing, and whose machine is not there. */
export function leftoversIn(
  { machines, interfaces, addresses, disks }: Look,
  ours: Ours,
  sealOf: (words: readonly string[]) => string,
): readonly Leftover[] {
  const there = new Set(machines.map(({ name }) => sameId(name)))
  const free = [
    ...interfaces
      .filter(each => each.virtualMachine === undefined)
      .flatMap(each => ofMachine('interface', each, ours)),
    ...addresses
      .filter(each => each.ipConfiguration === undefined)
      .flatMap(each => ofMachine('address', each, ours)),
    ...disks.filter(({ managedBy }) => !managedBy).flatMap(each => ofDisk(each, ours.installation, sealOf)),
  ]
  return free.filter(({ machine }) => !there.has(sameId(machine)))
}

/** Tags say whose it is, as they do of its machine; its name, which machine that was. */
function ofMachine(kind: 'interface' | 'address', thing: Thing, ours: Ours): readonly Leftover[] {
  const { name = '' } = thing
  const machine = machineBehind(name)
  if (machine === undefined) return []
  const known = machineMarkedOn(thing, machine, ours)
  if (known === undefined) return []
  const owner = { uid: known.owner, key: known.key }
  return [{ id: sameId(thing.id), kind, name, group: groupOf(thing), machine, owner }]
}

const machineMarkedOn = (thing: Thing, machine: MachineId, ours: Ours): Machine | undefined =>
  markedMachine(readTags(thing), ours, launch => isOfLaunch(machine, launch), {
    id: machine,
    createdAt: 0,
    state: { kind: 'stopped' },
  })

function ofDisk(
  thing: Thing,
  installation: InstallationId,
  sealOf: (words: readonly string[]) => string,
): readonly Leftover[] {
  const { name = '' } = thing
  const read = readDiskName(name)
  if (read === undefined) return []
  const { uid, machine } = read
  if (name !== diskName(uid, machine, sealOf(diskWords(installation, uid, machine)))) return []
  const owner = { uid, key: readClusterKey(readTags(thing).cluster ?? '') }
  return [{ id: sameId(thing.id), kind: 'disk', name, group: groupOf(thing), machine, owner }]
}

/**
 * What is left of machines, each as the machine that it was of: switched off, and to be ended. A disk alone does not say what
 * its machine was for, which nobody needs to know to end it.
 */
export function remnantsOf(leftovers: readonly Leftover[], look: Look, ours: Ours): readonly Machine[] {
  const things: readonly Thing[] = [...look.interfaces, ...look.addresses]
  const byId = new Map(things.map(thing => [sameId(thing.id), thing]))
  const found = new Map<MachineId, Machine>()
  for (const leftover of leftovers) {
    const thing = byId.get(leftover.id)
    const known = thing && machineMarkedOn(thing, leftover.machine, ours)
    const machine = known ?? found.get(leftover.machine) ?? nameless(leftover)
    if (machine !== undefined) found.set(leftover.machine, machine)
  }
  return [...found.values()]
}

function nameless({ machine, owner }: Leftover): Machine | undefined {
  const launch = readLaunchId(machine.split('-')[1] ?? '')
  if (launch === undefined) return undefined
  return {
    id: machineId(machine),
    owner: owner.uid,
    key: owner.key,
    role: 'worker',
    group: '',
    launch,
    seq: 0,
    fingerprint: fingerprint(''),
    createdAt: 0,
    state: { kind: 'stopped' },
  }
}
