import { backoffMs } from '../lib/backoff.ts'
import type { RenewedPart } from '../model/action.ts'
import { isAlive, type Machine } from '../model/machine.ts'
import type { MachineId } from '../model/names.ts'
import {
  backdateMs,
  type HeldCertificates,
  type RotationStage,
  type RotationView,
  type Validity,
} from '../model/renewal.ts'
import type { World } from '../model/world.ts'
import { heldOn, heldText, isUp, workerOn } from './joined.ts'

/** What a machine lacks, and when it can run with what it has no longer: at once, or once a quarter of the certificate's time is left. */
export interface Lack {
  readonly part: RenewedPart
  readonly isAsked: boolean
  readonly replaceAt: number
  /** When what it has ends. */
  readonly endsAt: number
}

/** A machine that has taken something tells of it with its next heartbeat. */
const tellMs = 15_000
const backoff = { firstMs: 5_000, capMs: 600_000 }
/** After so many tries in a row, ten minutes and more, a machine that is needed differently is replaced. */
const patience = 8
/** A task may have its worker tell of whatever it likes: what tells of something else than it was given is replaced no more often. */
const youngMs = 3_600_000
/** Two clocks may be as far apart. */
const skewMs = 120_000
/** One that was launched so shortly before others were given may have those: it is waited for as for any. */
const orderMs = 30_000

/** Undefined where it lacks nothing, or nobody can know. */
export function lackOf(world: World, machine: Machine): Lack | undefined {
  const rotation = rotationOf(world)
  if (isPlayed(world)) return undefined
  if (rotation === undefined) return givenLack(world, machine)
  const holds = heldOn(world, machine)
  if (holds === undefined) return isUp(world, machine) ? silentLack(world, rotation, machine) : undefined
  if (holds.notBefore < rotation.leavesFrom) return { part: 'certificate', isAsked: true, ...timesOf(holds) }
  if (world.wallNow >= renewAt(holds)) return { part: 'certificate', isAsked: false, ...timesOf(holds) }
  if (trusts(holds, rotation)) return undefined
  return { part: 'authorities', isAsked: rotation.stage.kind !== 'settled', ...timesOf(holds) }
}

const timesOf = ({ notBefore, notAfter }: Validity): Pick<Lack, 'replaceAt' | 'endsAt'> => ({
  replaceAt: notAfter - (notAfter - notBefore) / 4,
  endsAt: notAfter,
})

/** What was given is the same for all machines of a role, so whoever tells of something else lacks it. */
function givenLack(world: World, machine: Machine): Lack | undefined {
  const { certificates } = world
  const holds = heldOn(world, machine)
  const wanted = certificates.kind === 'valid' ? certificates.marks?.[machine.role] : undefined
  if (holds === undefined || wanted === undefined) return undefined
  const isAsked = stageOf(certificates).kind !== 'settled'
  if (holds.certificate !== wanted.certificate) return { part: 'given', isAsked, ...timesOf(holds) }
  return trusts(holds, wanted) ? undefined : { part: 'authorities', isAsked: true, ...timesOf(holds) }
}

/**
 * A machine of an older version tells nothing. It has what new machines are launched with, where it is younger than that;
 * else a leaf of which a third was left, at most, when that one was made.
 */
function silentLack(
  { wallNow }: World,
  { launchedWith, leavesFrom, stage }: RotationView,
  { role, createdAt }: Machine,
): Lack | undefined {
  const { notBefore, notAfter } = launchedWith[role]
  const wholeMs = notAfter - notBefore
  const isYoung = createdAt > notBefore + backdateMs - skewMs
  const endsAt = isYoung ? notAfter : notBefore + wholeMs / 3
  const isAsked = stage.kind !== 'settled' || (!isYoung && leavesFrom > 0 && notBefore >= leavesFrom)
  if (!isAsked && wallNow < endsAt - wholeMs / 3) return undefined
  return { part: 'certificate', isAsked, replaceAt: endsAt - wholeMs / 4, endsAt }
}

/** Whether a machine holds all that it is to hold. */
export const isCurrent = (world: World, machine: Machine): boolean =>
  isPlayed(world) || (heldOn(world, machine) !== undefined && lackOf(world, machine) === undefined)

/** It was tried a moment ago: what came of it is not told yet, or it failed and is tried again later. */
export function isResting(world: World, machine: Machine): boolean {
  const tried = world.memory.renewals.get(machine.id)
  if (tried === undefined) return false
  const ago = world.now - tried.at
  if (tried.failures > 0) return ago < backoffMs(backoff, tried.failures)
  return ago < tellMs && tried.before === heldText(heldOn(world, machine))
}

/** Whether a machine has said that it never will take any. */
export const isUnable = ({ memory }: World, id: MachineId): boolean =>
  memory.renewals.get(id)?.hindrance !== undefined

/** Why a machine cannot be renewed while it runs, as far as that is known; undefined where it may yet. */
export function hindranceOf({ memory }: World, id: MachineId): string | undefined {
  const tried = memory.renewals.get(id)
  if (tried === undefined) return undefined
  return tried.hindrance ?? (tried.failures >= patience ? 'it was tried many times' : undefined)
}

/** A worker that lacks what it can only be launched with makes room for one that has it. */
export function isOutworn(world: World, machine: Machine): boolean {
  const lack = machine.role === 'worker' ? lackOf(world, machine) : undefined
  if (lack === undefined) return false
  if (lack.part === 'given')
    return (
      isSchedulerDone(world) &&
      (lack.isAsked || isOutlived(world, machine) || world.wallNow - machine.createdAt >= youngMs)
    )
  return hindranceOf(world, machine.id) !== undefined && (lack.isAsked || world.wallNow >= lack.replaceAt)
}

/**
 * A worker whose certificates have ended and that its scheduler does not know: it holds nothing that anybody could reach,
 * and never will. Those that are connected still work on.
 */
export const isSpent = (world: World, machine: Machine): boolean =>
  world.scheduler.kind === 'answering' && workerOn(world, machine) === undefined && isOutlived(world, machine)

/** Whether what a worker was launched with has ended since, whatever it says itself. */
function isOutlived({ certificates, wallNow }: World, { role, createdAt }: Machine): boolean {
  if (role !== 'worker' || certificates.kind !== 'valid' || certificates.superseded === undefined)
    return false
  const { until, replacedAt } = certificates.superseded
  return wallNow >= until && createdAt < replacedAt - orderMs
}

/** Workers' keys are given to no scheduler to pass on. It has its own first: it has to know whoever comes. */
function isSchedulerDone(world: World): boolean {
  const { inventory } = world
  if (inventory.kind !== 'seen') return false
  const scheduler = inventory.machines.find(each => each.role === 'scheduler' && isAlive(each))
  if (scheduler === undefined) return false
  return isCurrent(world, scheduler) || hindranceOf(world, scheduler.id) !== undefined
}

export const rotationOf = ({ certificates }: World): RotationView | undefined =>
  certificates.kind === 'valid' ? certificates.rotation : undefined

/** How far another authority has come. */
export const stageOf = (certificates: World['certificates']): RotationStage =>
  (certificates.kind === 'valid' ? (certificates.rotation?.stage ?? certificates.stage) : undefined) ?? {
    kind: 'settled',
  }

const isPlayed = ({ scheduler }: World): boolean =>
  scheduler.kind === 'answering' && scheduler.isPlayed === true

const renewAt = ({ notBefore, notAfter }: Validity): number => notBefore + ((notAfter - notBefore) * 2) / 3

const trusts = ({ authorities }: HeldCertificates, wanted: Pick<RotationView, 'authorities'>): boolean =>
  authorities.length === wanted.authorities.length &&
  authorities.every((each, at) => each === wanted.authorities[at])
