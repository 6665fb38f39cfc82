import { isAlive } from '../model/machine.ts'
import type { World } from '../model/world.ts'
import { schedulerMachine } from '../plan/endpoints.ts'
import { isOutOfReach } from '../plan/patience.ts'
import type { Verdict } from './verdict.ts'

/**
 * What is to be said where a scheduler may well serve and the operator cannot tell; undefined where it answers, or is still
 * starting as far as anybody can know.
 */
export function outOfReach(
  world: World,
): { readonly scheduler: Verdict; readonly workers: Verdict } | undefined {
  const { scheduler, inventory, hasServed } = world
  if (scheduler.kind !== 'silent') return undefined
  const machine = inventory.kind === 'seen' ? schedulerMachine(world, inventory) : undefined
  const hasNoWay = machine !== undefined && isOutOfReach(world, machine)
  if (!hasServed && !hasNoWay) return undefined
  const advice = scheduler.expired === true ? whoSays : hasNoWay ? adviceFor(world) : ''
  const message = `It does not answer: ${scheduler.problem}.${advice}`
  return { scheduler: unreachable(message), workers: unreachable(machinesOf(world)) }
}

const whoSays = ' The condition Stalled says what to do.'

function adviceFor({ cluster }: World): string {
  if (cluster.network.exposure === 'Public')
    return ' The cloud says that its machine runs: see that spec.network.allowedCIDRs or --operator-cidrs let the operator in.'
  return ' The cloud says that its machine runs, and it has a private address alone: the operator must run in its network or in one that is peered with it, and be let in (--operator-cidrs, the security group of your own).'
}

/** The cloud's own word, while there is no other. */
function machinesOf({ inventory, cluster }: World): string {
  const unknown = 'The scheduler that knows them does not answer'
  if (inventory.kind !== 'seen') return `${unknown}.`
  const wanted = cluster.groups.reduce((sum, { replicas }) => sum + replicas, 0)
  const there = inventory.machines.filter(each => each.role === 'worker' && isAlive(each)).length
  return `${unknown}; the cloud has ${there} machines for the ${wanted} that are wanted.`
}

const unreachable = (message: string): Verdict => ({ status: 'Unknown', reason: 'Unreachable', message })
