import type { Call } from '../../lib/call.ts'
import { unless } from '../unless.ts'
import type { Belongings } from './belongings.ts'
import { isGone } from './faults.ts'
import type { Leftover } from './leftovers.ts'
import { changed, type Pace, taken } from './operations.ts'
import type { Thing } from './sdk.ts'
import type { AzureSession } from './session.ts'

type Kind =
  | 'networkInterfaces'
  | 'publicIPAddresses'
  | 'networkSecurityGroups'
  | 'applicationSecurityGroups'
  | 'virtualNetworks'
  | 'disks'

interface Named {
  readonly group: string
  readonly name: string
}

const removals = (session: AzureSession) => {
  const { compute, network } = session.clients
  return {
    disks: ({ group, name }: Named, pace: Pace) => compute.disks.delete(group, name, pace),
    networkInterfaces: ({ group, name }: Named, pace: Pace) =>
      network.networkInterfaces.delete(group, name, pace),
    publicIPAddresses: ({ group, name }: Named, pace: Pace) =>
      network.publicIPAddresses.delete(group, name, pace),
    networkSecurityGroups: ({ group, name }: Named, pace: Pace) =>
      network.networkSecurityGroups.delete(group, name, pace),
    applicationSecurityGroups: ({ group, name }: Named, pace: Pace) =>
      network.applicationSecurityGroups.delete(group, name, pace),
    virtualNetworks: ({ group, name }: Named, pace: Pace) =>
      network.virtualNetworks.delete(group, name, pace),
  } as const
}

const remove = (session: AzureSession, kind: Kind, named: Named, call: Call): Promise<void> =>
  unless(
    isGone,
    changed(session, `${kind}.delete`, pace => removals(session)[kind](named, pace), call),
  )

/**
 * Takes everything of a cluster away that is in a group of the user's; its machines must have gone before. What is in use by
 * another goes after it. What cannot go yet is a CloudError `not-yet`, and the rest of it is taken away all the same.
 */
export async function clear(session: AzureSession, own: Belongings, call: Call): Promise<void> {
  const { where: group } = own
  const steps: readonly (readonly (readonly [Kind, Thing | undefined])[])[] = [
    [['networkInterfaces', own.interface]],
    [
      ['publicIPAddresses', own.address],
      ['networkSecurityGroups', own.schedulerRules],
      ['networkSecurityGroups', own.workerRules],
    ],
    [
      ['applicationSecurityGroups', own.members],
      ['virtualNetworks', own.network],
    ],
  ]
  const failures: unknown[] = []
  for (const step of steps) {
    const ends = await Promise.allSettled(
      step.flatMap(([kind, thing]) =>
        thing?.name === undefined ? [] : [remove(session, kind, { group, name: thing.name }, call)],
      ),
    )
    failures.push(...ends.flatMap(end => (end.status === 'rejected' ? [end.reason] : [])))
  }
  if (failures.length > 0) throw failures[0]
}

/**
 * Asks for the end of what is left of machines that are not there any more. An address goes once its interface has gone: it is
 * asked for then.
 */
export async function clearLeftovers(
  session: AzureSession,
  leftovers: readonly Leftover[],
  call: Call,
): Promise<void> {
  const hasInterface = leftovers.some(({ kind }) => kind === 'interface')
  const due = leftovers.filter(({ kind }) => kind !== 'address' || !hasInterface)
  const ends = await Promise.allSettled(due.map(each => askForEnd(session, each, call)))
  const failed = ends.find(end => end.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

const kinds = {
  interface: 'networkInterfaces',
  address: 'publicIPAddresses',
  disk: 'disks',
} as const satisfies Record<Leftover['kind'], Kind>

async function askForEnd(session: AzureSession, leftover: Leftover, call: Call): Promise<void> {
  const kind = kinds[leftover.kind]
  await unless(
    isGone,
    taken(session, `${kind}.delete`, pace => removals(session)[kind](leftover, pace), call),
  )
}
