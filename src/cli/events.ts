import { isRecord, text } from '../lib/parse.ts'

/** An event of events.k8s.io/v1, as far as people look at it. */
export interface SeenEvent {
  /** RFC 3339: when it was told last. */
  readonly at: string
  readonly type: string
  readonly reason: string
  readonly message: string
  readonly count: number
}

/** Oldest first. What is no event is left out. */
export const readEvents = (items: readonly unknown[]): readonly SeenEvent[] =>
  items
    .flatMap(item => (isRecord(item) ? [eventOf(item)] : []))
    .toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at))

function eventOf(event: Readonly<Record<string, unknown>>): SeenEvent {
  const series = isRecord(event['series']) ? event['series'] : {}
  const metadata = isRecord(event['metadata']) ? event['metadata'] : {}
  const times = [
    series['lastObservedTime'],
    event['eventTime'],
    event['deprecatedLastTimestamp'],
    metadata['creationTimestamp'],
  ]
  return {
    at: times.find(time => typeof time === 'string') ?? '1970-01-01T00:00:00Z',
    type: text(event['type'] ?? 'Normal', 'type'),
    reason: text(event['reason'] ?? 'Unknown', 'reason'),
    message: typeof event['note'] === 'string' ? event['note'] : '',
    count: typeof series['count'] === 'number' ? series['count'] : 1,
  }
}
