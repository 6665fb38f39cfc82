import { DescribeInstancesCommand, type Filter, type Instance, type StateReason } from '@aws-sdk/client-ec2'
import type { Call } from '../../lib/call.ts'
import type { Machine, MachineState, ReservedAddress } from '../../model/machine.ts'
import { type MachineId, machineId } from '../../model/names.ts'
import { markedMachine, type Ours } from '../marks.ts'
import { daskAt } from './handle.ts'
import { kindOf } from './offerings.ts'
import { everyPage } from './pages.ts'
import type { AwsSession } from './session.ts'
import { readTags } from './tags.ts'

/** Instances by tags or by ids, all pages. */
export async function instancesIn(
  session: AwsSession,
  asked: { readonly filters: readonly Filter[] } | { readonly ids: readonly MachineId[] },
  call: Call,
): Promise<readonly Instance[]> {
  const by =
    'ids' in asked
      ? { Filters: [{ Name: 'instance-id', Values: [...asked.ids] }] }
      : { Filters: [...asked.filters] }
  const reservations = await everyPage(
    page =>
      session.make('DescribeInstances', call, options =>
        session.ec2.send(new DescribeInstancesCommand({ ...by, ...page }), options),
      ),
    ({ Reservations }) => Reservations,
  )
  return reservations.flatMap(({ Instances }) => Instances ?? [])
}

/** A machine of ours, or undefined for a stranger's: nobody can edit its client token, which is its launch's. */
export function machineOf(instance: Instance, ours: Ours): Machine | undefined {
  const { InstanceId: id, ClientToken: token = '', LaunchTime } = instance
  if (id === undefined) return undefined
  const seen = { id: machineId(id), createdAt: LaunchTime?.getTime() ?? 0, state: stateOf(instance) }
  // A launch's tokens are its id and the number of an offering.
  return markedMachine(readTags(instance.Tags), ours, launch => token.startsWith(`${launch}-`), seen)
}

function stateOf({ State = {}, StateReason, PrivateIpAddress, PublicIpAddress }: Instance): MachineState {
  const { Name } = State
  switch (Name) {
    case 'running':
      return PrivateIpAddress === undefined
        ? { kind: 'starting' }
        : running(PrivateIpAddress, PublicIpAddress)
    case 'shutting-down':
      return { kind: 'leaving', ...whyIn(StateReason) }
    case 'terminated':
      return { kind: 'gone', ...whyIn(StateReason) }
    case 'stopping':
    case 'stopped':
      return { kind: 'stopped' }
    case 'pending':
    case undefined:
      return { kind: 'starting' }
    default:
      return Name satisfies never
  }
}

/** EC2's codes for an instance that it accepted and could not start: a disk that cannot be decrypted, a volume beyond the quota. */
const stillborn = [
  'Client.InternalError',
  'Client.InvalidSnapshot.NotFound',
  'Client.VolumeLimitExceeded',
  'Server.InternalError',
  'Server.InsufficientInstanceCapacity',
]

const whyIn = (reason: StateReason | undefined): { readonly problem?: string } =>
  stillborn.includes(reason?.Code ?? '')
    ? { problem: `AWS ended a machine before it ran: ${reason?.Message ?? reason?.Code}` }
    : {}

/** Kinds of machines that EC2 accepted in the last minutes and then had none of. */
export const outOfStockIn = (instances: readonly Instance[], now: number): readonly string[] =>
  instances
    .filter(
      ({ StateReason: reason, LaunchTime }) =>
        reason?.Code === 'Server.InsufficientInstanceCapacity' &&
        now - (LaunchTime?.getTime() ?? 0) < 180_000,
    )
    .map(({ InstanceType: size = '', Placement, InstanceLifecycle }) => {
      const purchasing = InstanceLifecycle === 'spot' ? 'Spot' : 'OnDemand'
      return kindOf({ size, zone: Placement?.AvailabilityZone ?? '', purchasing })
    })

const running = (internal: string, external: string | undefined): MachineState => ({
  kind: 'running',
  addresses: { internal: daskAt(internal), external: daskAt(external || internal) },
})

/** A scheduler is reached at the address that was made for it, from its first moment: EC2 tells it late. */
export function at(machine: Machine, addresses: readonly ReservedAddress[]): Machine {
  if (machine.role !== 'scheduler' || machine.state.kind !== 'running') return machine
  const kept = addresses.find(({ owner }) => owner === machine.owner)
  if (kept === undefined) return machine
  const { internal, external } = kept
  return { ...machine, state: { kind: 'running', addresses: { internal, external } } }
}
