import { writeDuration } from '../lib/duration.ts'
import type { Finding } from '../model/status.ts'
import type { World } from '../model/world.ts'
import { bedtimeOf, type End, expiryOf, noticeOf } from '../plan/lifetime.ts'

/** What time alone will end, from the first announcement on. The words change with each announcement and not between them. */
export function endings(world: World): readonly Finding[] {
  const { cluster, now, wallNow } = world
  const [expiry, bedtime] = [leftOf(expiryOf(cluster), wallNow), leftOf(bedtimeOf(world), now)]
  const findings: Finding[] = []
  if (expiry !== undefined) {
    const message = `It is deleted at ${expiry.at}, by spec.lifetime.ttl: ${expiry.left}.`
    findings.push({ type: 'Expiring', status: 'True', reason: 'TtlEnds', message })
  }
  if (bedtime !== undefined) {
    const message = `No task and no client: it goes to sleep at ${bedtime.at}, by spec.lifetime.idleTimeout: ${bedtime.left}.`
    findings.push({ type: 'Idle', status: 'True', reason: 'NobodyUsesIt', message })
  }
  return findings
}

/** As status tells times that are ours to choose. */
export const timeText = (ms: number): string => new Date(Math.round(ms)).toISOString().replace(/\.\d+Z$/, 'Z')

function leftOf(end: End | undefined, now: number) {
  const notice = end && noticeOf(end, now)
  if (end === undefined || notice === undefined) return undefined
  return { at: timeText(end.at), left: `less than ${inWords(notice)} left` }
}

function inWords(ms: number): string {
  if (ms % 3_600_000 === 0) return counted(ms / 3_600_000, 'hour')
  if (ms % 60_000 === 0) return counted(ms / 60_000, 'minute')
  return ms % 1_000 === 0 ? counted(ms / 1_000, 'second') : writeDuration(ms)
}

const counted = (count: number, unit: string): string => `${count} ${unit}${count === 1 ? '' : 's'}`
