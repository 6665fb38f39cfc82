import type { Machine, MachineState, ReservedAddress } from '../../model/machine.ts'
import { type ClusterUid, type MachineId, machineId } from '../../model/names.ts'
import { schedulerPort } from '../../model/ports.ts'
import { isOfLaunch } from '../machine-names.ts'
import { markedMachine, type Ours } from '../marks.ts'
import type { Place } from '../own-machines.ts'
import { faultOf } from './faults.ts'
import type { Look } from './lists.ts'
import { groupOf, sameId, type VirtualMachine } from './sdk.ts'
import { readTags } from './tags.ts'

export const daskAt = (host: string) => ({ host, port: schedulerPort })

/** What lists say of machines, ready to be asked. */
export interface Sight {
  readonly states: Look['states']
  /** The private address of a machine's interface, by the machine's id in lower case. */
  readonly hosts: ReadonlyMap<string, string>
  /** Why Azure could not make a machine, as far as an earlier list has said it. */
  readonly problems: ReadonlyMap<MachineId, string>
}

export const sightOf = ({ states, interfaces }: Look, problems: Sight['problems']): Sight => ({
  states,
  problems,
  hosts: new Map(
    interfaces.flatMap(({ virtualMachine, ipConfigurations }) => {
      const host = ipConfigurations?.[0]?.privateIPAddress
      return virtualMachine?.id && host ? [[sameId(virtualMachine.id), host] as const] : []
    }),
  ),
})

/** A machine of ours, or undefined for a stranger's: nobody can edit its name, which is its launch's. */
export function machineOf(vm: VirtualMachine, ours: Ours, sight: Sight): Machine | undefined {
  const { name, timeCreated } = vm
  if (!name) return undefined
  const seen = { id: machineId(name), createdAt: timeCreated?.getTime() ?? 0, state: stateOf(vm, sight) }
  return markedMachine(readTags(vm), ours, launch => isOfLaunch(name, launch), seen)
}

/** https://learn.microsoft.com/azure/virtual-machines/states-billing */
function stateOf(vm: VirtualMachine, { states, hosts, problems }: Sight): MachineState {
  const id = sameId(vm.id)
  const power = (states.get(id) ?? [])
    .find(code => code.startsWith('PowerState/'))
    ?.slice('PowerState/'.length)
  const making = vm.provisioningState?.toLowerCase()
  const problem = problems.get(machineId(vm.name ?? ''))
  if (making === 'deleting') return { kind: 'leaving', ...(problem !== undefined && { problem }) }
  // Of no use any more; one that is switched off from inside is paid for all the same.
  if (power !== undefined && ['stopping', 'stopped', 'deallocating', 'deallocated'].includes(power))
    return { kind: 'stopped' }
  // It may run although something of its making failed, such as its report that it has booted: Dask says how it is.
  if (making === 'failed' && power !== 'running') return { kind: 'stopped' }
  const host = hosts.get(id)
  const runs = power === 'running' || (power === undefined && making === 'succeeded')
  return runs && host !== undefined
    ? { kind: 'running', addresses: { internal: daskAt(host), external: daskAt(host) } }
    : { kind: 'starting' }
}

/** A machine that could not be made, and what of it is out of stock. */
export interface Failure {
  readonly machine: MachineId
  readonly problem: string
  readonly outOfStock:
    | { readonly size: string; readonly zone: string | undefined; readonly purchasing: 'Spot' | 'OnDemand' }
    | undefined
}

/** What lists say of why machines were not made: `ProvisioningState/failed/AllocationFailed`. */
export function failureOf(vm: VirtualMachine, { states }: Pick<Sight, 'states'>): Failure | undefined {
  if (vm.provisioningState?.toLowerCase() !== 'failed' || !vm.name) return undefined
  const code = (states.get(sameId(vm.id)) ?? [])
    .find(each => each.toLowerCase().startsWith('provisioningstate/failed'))
    ?.split('/')[2]
  const size = vm.hardwareProfile?.vmSize
  const isOut = code !== undefined && faultOf(code) === 'no-capacity'
  return {
    machine: machineId(vm.name),
    problem: `Azure could not make it${code === undefined ? '' : ` (${code})`}`,
    outOfStock:
      isOut && size
        ? { size, zone: vm.zones?.[0], purchasing: vm.priority === 'Spot' ? 'Spot' : 'OnDemand' }
        : undefined,
  }
}

/** A scheduler is reached at the address that was made for it, from its first moment. */
export function at(machine: Machine, addresses: readonly ReservedAddress[]): Machine {
  if (machine.role !== 'scheduler' || machine.state.kind !== 'running') return machine
  const kept = addresses.find(({ owner }) => owner === machine.owner)
  if (kept === undefined) return machine
  const { internal, external } = kept
  return { ...machine, state: { kind: 'running', addresses: { internal, external } } }
}

const unseen: Sight = { states: new Map(), hosts: new Map(), problems: new Map() }

/** Whose a machine is, whatever it does. */
export const ownerOf = (vm: VirtualMachine, ours: Ours): ClusterUid | undefined =>
  machineOf(vm, ours, unseen)?.owner

/** Where our machines of these names are. */
export function placesIn(
  found: readonly VirtualMachine[],
  machines: readonly MachineId[],
  ours: Ours,
): readonly Place[] {
  const wanted = new Set(machines)
  return found.flatMap(vm => {
    const machine = machineOf(vm, ours, unseen)
    return machine !== undefined && wanted.has(machine.id) ? [{ id: machine.id, place: groupOf(vm) }] : []
  })
}
