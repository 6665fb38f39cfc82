import { writeDuration } from '../lib/duration.ts'
import type { Action } from '../model/action.ts'
import type { Cluster } from '../model/cluster.ts'
import type { World } from '../model/world.ts'

/** An end that only time brings: when, and how long it was off when its time began to run. Milliseconds. */
export interface End {
  readonly at: number
  readonly wholeMs: number
}

type Timed = Pick<World, 'cluster' | 'memory' | 'hasServed' | 'joinLimitMs' | 'now' | 'wallNow'>

/** What is announced is announced so long before, as far as that is less than half of the whole time. */
const noticesMs = [3_600_000, 600_000, 60_000] as const

const overdueMs = 30_000

/** The steps that a cluster's lifetime asks for. While there are any, nothing is worth making. */
export function planLifetime(world: World): readonly Action[] {
  const { cluster, now, wallNow, enrolment } = world
  if (cluster.phase === 'deleting') return []
  const { ttlMs, idleTimeoutMs } = cluster.lifetime
  const [expiry, bedtime] = [expiryOf(cluster), bedtimeOf(world)]
  if (expiry !== undefined && wallNow >= expiry.at)
    return [{ type: 'delete-cluster', because: `its time to live of ${writeDuration(ttlMs)} has ended` }]
  if (cluster.sleep.kind === 'woken')
    return [{ type: 'wake-up', because: 'its spec was changed, or it was asked to' }]
  if (bedtime === undefined || now < bedtime.at || enrolment.kind !== 'enrolled') return []
  return [{ type: 'fall-asleep', because: `nobody has used it for ${writeDuration(idleTimeoutMs)}` }]
}

/** It should be gone by now and is not: whoever may not delete it ends at least what costs money. */
export function isOverdue({ cluster, wallNow }: World): boolean {
  const expiry = expiryOf(cluster)
  return expiry !== undefined && wallNow - expiry.at > overdueMs
}

/** When the cluster is to be deleted, asleep or awake; by the wall clock, since the API server's says when it was created. */
export function expiryOf({ phase, createdAt, lifetime: { ttlMs } }: Cluster): End | undefined {
  if (phase === 'deleting' || ttlMs === Infinity) return undefined
  return { at: createdAt + ttlMs, wholeMs: ttlMs }
}

/** When the cluster is to fall asleep if nobody comes. One that was never ready has the time that a machine may take to start. */
export function bedtimeOf({ cluster, memory, hasServed, joinLimitMs }: Timed): End | undefined {
  const { idleTimeoutMs } = cluster.lifetime
  const { idleSince } = memory
  if (cluster.phase !== 'wanted' || idleSince === undefined || idleTimeoutMs === Infinity) return undefined
  const wholeMs = hasServed ? idleTimeoutMs : Math.max(idleTimeoutMs, joinLimitMs)
  return { at: idleSince + wholeMs, wholeMs }
}

/** The last announcement that is due: the end is at most so many milliseconds off. */
export const noticeOf = ({ at, wholeMs }: End, now: number): number | undefined =>
  noticesOf(wholeMs).findLast(ms => at - now <= ms)

/** How long until the clock alone changes something: an announcement or an end; Infinity where none is to come. */
export function turnMs(world: Timed): number {
  const [expiry, bedtime] = [expiryOf(world.cluster), bedtimeOf(world)]
  const turns = [
    ...(expiry === undefined ? [] : turnsOf(expiry).map(at => at - world.wallNow)),
    ...(bedtime === undefined ? [] : turnsOf(bedtime).map(at => at - world.now)),
  ]
  return Math.min(...turns.filter(ms => ms > 0))
}

const turnsOf = ({ at, wholeMs }: End): readonly number[] => [at, ...noticesOf(wholeMs).map(ms => at - ms)]

/** Longest first. A time too short for any of the usual is announced once, when half of it has passed. */
function noticesOf(wholeMs: number): readonly number[] {
  const usual = noticesMs.filter(ms => ms < wholeMs / 2)
  return usual.length > 0 ? usual : [wholeMs / 2]
}
