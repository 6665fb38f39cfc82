import { isRecord } from '../lib/parse.ts'
import { type Desk, defineCommand } from './command.ts'
import { readEvents, type SeenEvent } from './events.ts'
import { renderTable } from './layout.ts'
import type { Screen, Styled } from './screen.ts'
import { age } from './units.ts'

export const orphans = defineCommand({
  name: 'orphans',
  summary: 'Shows what the operator found that no cluster claims: machines, addresses, Secrets.',
  description: [
    'For those who run the operator. Its sweeper tells of what a cluster has left behind in events about its Lease, which Kubernetes keeps for about an hour: what it found, what it left alone (--sweep dry-run, or too much at once), and what it asked to end. The last word about each cluster in each place is shown. What is unclaimed at this moment, however old, is in the metric dask_cloud_operator_orphans. What to do: docs/operations.md.',
    'It looks in all namespaces, or in the operator’s with -n, and needs the right to list events there. It ends with 0 whatever it finds.',
  ],
  positionals: [],
  options: {},
  examples: [
    { line: 'orphans -n dask-system', does: 'of the operator in that namespace' },
    {
      line: 'orphans -o json | jq \'.orphans[] | select(.state != "ended")\'',
      does: 'what is left, for a program',
    },
  ],
  async run({ common }, desk) {
    const found = await orphansIn(common.namespace, desk)
    desk.screen.show({ orphans: found }, (result, screen) => orphanTable(result.orphans, Date.now(), screen))
    return 0
  },
})

export type OrphanState = 'found' | 'kept' | 'ended'

export interface Orphan {
  readonly state: OrphanState
  /** RFC 3339: when it was last told. */
  readonly at: string
  /** A cloud's scope, or the operator's Secrets; undefined where the message is another version's. */
  readonly place: string | undefined
  readonly cluster: string | undefined
  readonly uid: string | undefined
  /** Ids of machines, names of Secrets, as the event names them. */
  readonly items: string | undefined
  readonly message: string
}

async function orphansIn(namespace: string | undefined, desk: Desk): Promise<readonly Orphan[]> {
  const kubernetes = await desk.kubernetes()
  const items = await kubernetes.events(namespace, 'regarding.kind=Lease', desk.call)
  return orphansOf(readEvents(items.filter(isRecord)))
}

const reasons: Readonly<Record<string, OrphanState>> = {
  OrphansFound: 'found',
  OrphansKept: 'kept',
  OrphansEnded: 'ended',
}

/** As `src/app/sweeping.ts` writes it; `test/unit/plugin-orphans.test.ts` holds both together. */
const pattern =
  /(?:^No cluster claims |: )(?<items>.+) of cluster (?<cluster>\S+) \((?<uid>[0-9a-f-]+)\) in (?<place>.+?)\.(?: Unless .*)?$/

/** The last word about each, oldest first. */
export function orphansOf(events: readonly SeenEvent[]): readonly Orphan[] {
  const last = new Map<string, Orphan>()
  for (const { at, reason, message } of events) {
    const state = reasons[reason]
    if (state === undefined) continue
    const { place, cluster, uid, items } = pattern.exec(message)?.groups ?? {}
    const key = uid === undefined ? message : `${uid} ${place}`
    last.delete(key)
    last.set(key, { state, at, place, cluster, uid, items, message })
  }
  return [...last.values()]
}

const words = {
  found: { text: 'found', style: 'busy' },
  kept: { text: 'left alone', style: 'bad' },
  ended: { text: 'asked to end', style: 'good' },
} as const satisfies Record<OrphanState, Styled>

const columns = ['AGE', 'STATE', 'CLUSTER', 'PLACE', 'WHAT'].map(title => ({ title }))

export function orphanTable(found: readonly Orphan[], now: number, { paint }: Pick<Screen, 'paint'>): string {
  if (found.length === 0) return 'No event tells of anything that no cluster claims.'
  const rows = found.map(({ at, state, cluster, place, items, message }) => [
    age(now - Date.parse(at)),
    words[state],
    cluster ?? '-',
    place ?? '-',
    items ?? message,
  ])
  return renderTable(columns, rows, paint)
}
