import type { Action, RenewedPart, RotationStep } from '../model/action.ts'
import { byAge, isAlive, type Machine } from '../model/machine.ts'
import type { Role } from '../model/names.ts'
import type { World } from '../model/world.ts'
import { isUp } from './joined.ts'
import { isLate } from './patience.ts'
import { isCurrent, isResting, isUnable, lackOf, rotationOf, stageOf } from './renewal.ts'
import { hasEnded } from './settling.ts'

/** So many machines are given something at a time. */
const most = 32
/** Workers that do not come up, or do not take what they are given, hold up a roll of the authority for so long at most. */
const patienceMs = 86_400_000

/**
 * What is asked for goes into the Secrets first, and from there to the machines that run. An authority is rolled in three
 * steps, each of which waits until every machine has what the one before has brought.
 */
export function planRotation(world: World): readonly Action[] {
  if (world.enrolment.kind === 'new') return []
  const turn = requested(world) ?? nextStep(world)
  return turn === undefined ? planRenewals(world) : [{ type: 'rotate-certificates', ...turn }]
}

interface Turn {
  readonly step: RotationStep
  readonly because: string
}

/** Where somebody else signs, nothing is asked of us. */
function requested(world: World): Turn | undefined {
  const rotation = rotationOf(world)
  if (rotation === undefined) return undefined
  const { leaves = '', authority = '' } = world.cluster.renewal ?? {}
  const { heard, stage } = rotation
  if (leaves !== '' && leaves !== heard.leaves)
    return { step: 'renew-leaves', because: 'new certificates were asked for' }
  const isNew = stage.kind === 'settled' && authority !== '' && authority !== heard.authority
  return isNew ? { step: 'introduce-authority', because: 'a new authority was asked for' } : undefined
}

function nextStep(world: World): Turn | undefined {
  const stage = stageOf(world.certificates)
  switch (stage.kind) {
    case 'settled':
      return undefined
    case 'introducing':
      return isOver(world, stage.since)
        ? { step: 'change-authority', because: 'every machine trusts the next authority' }
        : undefined
    case 'leaving':
      return isOver(world, stage.since)
        ? { step: 'drop-authority', because: 'every machine has a certificate of the new authority' }
        : undefined
    default:
      return stage satisfies never
  }
}

/**
 * Every machine has what the step has brought, and none is on its way that was launched before it. A worker that never
 * comes up is not waited for; a scheduler is, since nobody else would know it again.
 */
function isOver(world: World, since: number): boolean {
  const { inventory, launches, wallNow, authorityOverlapMs = 0 } = world
  if (inventory.kind !== 'seen' || wallNow - since < authorityOverlapMs) return false
  const isLong = wallNow - since > patienceMs
  const isLost = (machine: Machine): boolean =>
    machine.role === 'worker' && (isLong || (!isUp(world, machine) && isLate(world, machine)))
  const isReady = (machine: Machine): boolean => isCurrent(world, machine) || isLost(machine)
  return machinesOf(world).every(isReady) && (isLong || launches.every(hasEnded))
}

function machinesOf({ inventory, memory }: World): readonly Machine[] {
  if (inventory.kind !== 'seen') return []
  return inventory.machines.filter(each => isAlive(each) && !memory.terminated.has(each.id)).toSorted(byAge)
}

function planRenewals(world: World): readonly Action[] {
  if (world.scheduler.kind !== 'answering') return []
  const due = machinesOf(world)
    .filter(machine => !isUnable(world, machine.id) && !isResting(world, machine))
    .flatMap(machine => {
      const lack = lackOf(world, machine)
      return lack === undefined ? [] : [{ ...lack, machine }]
    })
  // Workers have what was given once they are launched with it.
  const kinds = [
    ['scheduler', 'given'],
    ['scheduler', 'authorities'],
    ['scheduler', 'certificate'],
    ['worker', 'authorities'],
    ['worker', 'certificate'],
  ] as const satisfies readonly (readonly [Role, RenewedPart])[]
  return kinds.flatMap(([role, part]) => {
    const these = due.filter(each => each.machine.role === role && each.part === part).slice(0, most)
    if (these.length === 0) return []
    const machines = these.map(({ machine }) => machine.id)
    return [{ type: 'renew-machine-certificates', role, part, machines, because: reasonFor(world, these) }]
  })
}

/** Nobody here gives anything of their own accord where somebody else signs. */
function reasonFor(world: World, lacks: readonly { readonly isAsked: boolean }[]): string {
  if (rotationOf(world) === undefined) return 'the Secrets that certificates are taken from have others now'
  return lacks.some(({ isAsked }) => isAsked) ? 'it was asked for' : 'their time is nearly over'
}
