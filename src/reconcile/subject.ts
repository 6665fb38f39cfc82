import type { Seen, Subject } from './ports.ts'

/** Whom a status or an event is about. */
export function subjectOf({ cluster, resourceVersion, status }: Seen): Subject {
  const { key, uid, generation } = cluster
  return { key, uid, generation, resourceVersion, status }
}
