import { annotations } from '../../src/api/names.ts'
import type { Mark } from '../../src/clouds/simulated/journal.ts'
import { surge } from '../../src/plan/workers.ts'
import { type ClusterObject, condition, isSettled } from './cluster-desk.ts'
import type { FateBook } from './fate.ts'
import type { OperatorRoom } from './operator-room.ts'

const name = 'mortal'
/** For every kill of a chapter there is a new process to wait for. */
const chapterMs = 1_500_000

/** One change that a user asks for, and what must be there in the end. */
interface Chapter {
  readonly phase: string
  readonly change: (room: OperatorRoom) => Promise<unknown>
  readonly workers: number
  readonly schedulers: 0 | 1
  /** How many machines of each role it takes to get there: a doubled one would be one more. */
  readonly made: { readonly worker: number; readonly scheduler: number }
  readonly rolls?: boolean
}

const patched = (body: unknown) => (room: OperatorRoom) => room.clusters.patch(name, body)
const scaled = (replicas: number) => (room: OperatorRoom) => room.clusters.scale(name, replicas)
const awake = { schedulers: 1 } as const

const chapters: readonly Chapter[] = [
  {
    phase: 'create',
    change: ({ clusters }) => clusters.create(name, 3),
    workers: 3,
    ...awake,
    made: { worker: 3, scheduler: 1 },
  },
  { phase: 'scale-up', change: scaled(4), workers: 4, ...awake, made: { worker: 1, scheduler: 0 } },
  { phase: 'scale-down', change: scaled(2), workers: 2, ...awake, made: { worker: 0, scheduler: 0 } },
  {
    phase: 'roll',
    change: patched({ spec: { software: { python: {}, env: { ROLLED: 'yes' } } } }),
    workers: 2,
    ...awake,
    made: { worker: 2, scheduler: 0 },
    rolls: true,
  },
  {
    phase: 'suspend',
    change: patched({ spec: { suspend: true } }),
    workers: 0,
    schedulers: 0,
    made: { worker: 0, scheduler: 0 },
  },
  {
    phase: 'wake',
    change: patched({ spec: { suspend: false } }),
    workers: 2,
    ...awake,
    made: { worker: 2, scheduler: 1 },
  },
  {
    phase: 'restart',
    change: patched({ metadata: { annotations: { [annotations.restart]: 'now' } } }),
    workers: 2,
    ...awake,
    made: { worker: 0, scheduler: 1 },
  },
]

/** What was found wrong, one line each. */
export type Complaints = readonly string[]

/**
 * Tells the whole story of a cluster: created, scaled up and down, rolled, suspended, woken, restarted and deleted, while
 * its operator meets its fate. After each chapter the world is judged; what is wrong comes back in words.
 */
export async function tellStory(room: OperatorRoom, book: FateBook): Promise<Complaints> {
  const complaints: string[] = []
  let before = 0
  for (const chapter of chapters) {
    const from = room.ledger.marks.length
    book.begin(chapter.phase)
    const old = new Set(room.ledger.marks.flatMap(idsIn))
    await chapter.change(room)
    const cluster = await room.clusters.until(name, each => isThere(chapter, each, room, old), chapterMs)
    complaints.push(...judged(chapter, cluster.metadata.uid, room, { from, before }))
    before = chapter.workers
  }
  return [...complaints, ...(await lastChapter(room, book))]
}

async function lastChapter(room: OperatorRoom, book: FateBook): Promise<Complaints> {
  const cluster = await room.clusters.get(name)
  const from = room.ledger.marks.length
  book.begin('delete')
  await room.clusters.remove(name)
  await room.clusters.gone(name, cluster?.metadata.uid ?? '', chapterMs)
  const made = room.ledger.marks.slice(from).filter(({ kind }) => kind === 'launched')
  const left = [...room.ledger.left, ...(await room.secrets())]
  return [
    ...(made.length > 0 ? ['delete: machines were made'] : []),
    ...left.map(each => `delete: ${each} is left`),
  ]
}

function isThere(
  chapter: Chapter,
  cluster: ClusterObject,
  room: OperatorRoom,
  old: ReadonlySet<string>,
): boolean {
  const { uid, generation } = cluster.metadata
  const { workers, schedulers, rolls = false, phase } = chapter
  const [here, heads] = (['worker', 'scheduler'] as const).map(role => room.ledger.alive(uid, role))
  if (here?.length !== workers || heads?.length !== schedulers) return false
  if (rolls && here.some(({ id }) => old.has(id))) return false
  if (phase === 'restart' && heads.some(({ id }) => old.has(id))) return false
  if (schedulers === 1) return isSettled(cluster)
  const isTold = condition(cluster, 'Suspended')?.status === 'True'
  return (
    isTold &&
    cluster.status?.observedGeneration === generation &&
    (cluster.status.launches ?? []).length === 0
  )
}

function judged(
  { phase, workers, made, rolls = false }: Chapter,
  uid: string,
  { ledger }: OperatorRoom,
  { from, before }: { readonly from: number; readonly before: number },
): Complaints {
  const most = { worker: Math.max(before, workers) + (rolls ? surge(workers) : 0), scheduler: 1 }
  return (['worker', 'scheduler'] as const).flatMap(role => {
    const born = ledger.marks
      .slice(from)
      .flatMap(mark => (mark.kind === 'launched' ? mark.machines : []))
      .filter(({ tags }) => tags.role === role && tags.uid === uid)
    const atOnce = ledger.mostAtOnce(uid, role, from)
    return [
      ...(born.length === made[role]
        ? []
        : [`${phase}: ${born.length} of role ${role} made, not ${made[role]}`]),
      ...(atOnce <= most[role]
        ? []
        : [`${phase}: ${atOnce} of role ${role} at once, at most ${most[role]} may be`]),
    ]
  })
}

const idsIn = (mark: Mark): readonly string[] =>
  mark.kind === 'launched' ? mark.machines.map(({ id }) => id) : []
