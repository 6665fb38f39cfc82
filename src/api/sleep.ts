import { digest } from '../lib/fingerprint.ts'
import { isRecord, ParseError } from '../lib/parse.ts'
import type { Cluster, Sleep } from '../model/cluster.ts'
import { sleep } from './status-schema.ts'

/** Stands for a value of an annotation that asks for something: people may write anything there, and status has its limits. */
export const requestMark = (note: unknown): string =>
  typeof note === 'string' && note !== '' ? digest(note).slice(0, 16) : ''

/** A cluster sleeps for as long as it is asked for as it was when it fell asleep. `status` is the resource's, as it came. */
export function sleepOf(
  status: unknown,
  { generation, resume }: Pick<Cluster, 'generation' | 'resume'>,
): Sleep {
  const raw = isRecord(status) ? status['sleep'] : undefined
  if (raw === undefined || raw === null) return { kind: 'awake' }
  try {
    const written = sleep.read(raw, 'status.sleep')
    const isSame = written.generation === generation && written.resume === resume
    return isSame ? { kind: 'asleep', since: written.since } : { kind: 'woken' }
  } catch (error) {
    if (error instanceof ParseError) return { kind: 'woken' }
    throw error
  }
}

/** `status.sleep` of a cluster that falls asleep as it is asked for now. */
export const writeSleep = (
  since: number,
  { generation, resume }: Pick<Cluster, 'generation' | 'resume'>,
): unknown => sleep.write({ since, generation, resume })
