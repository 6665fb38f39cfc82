import { type Column, renderTable } from './layout.ts'
import type { Screen, Style, Styled, Words } from './screen.ts'
import { age, bytes } from './units.ts'
import type { Crew, TaskStates, Worker } from './workers.ts'

export const orders = ['name', 'cpu', 'memory', 'tasks'] as const
export type Order = (typeof orders)[number]

export interface Load {
  readonly cluster: string
  readonly namespace: string
  readonly address: string
  readonly crew: Crew
  /** Of the whole cluster; undefined where its Dask does not tell. */
  readonly tasks: TaskStates | undefined
}

/** The largest first, but names from the first on. */
export function ordered(workers: readonly Worker[], order: Order): readonly Worker[] {
  const by = {
    name: () => 0,
    cpu: (worker: Worker) => worker.cpu,
    memory: (worker: Worker) => worker.memory,
    tasks: (worker: Worker) => worker.tasks.executing + worker.tasks.waiting,
  }[order]
  return workers.toSorted((a, b) => by(b) - by(a))
}

const columns: readonly Column[] = [
  { title: 'WORKER' },
  { title: 'STATUS' },
  { title: 'THREADS', isNumber: true },
  { title: 'CPU', isNumber: true },
  { title: 'MEMORY', isNumber: true },
  { title: 'LIMIT', isNumber: true },
  { title: 'RUN', isNumber: true },
  { title: 'WAIT', isNumber: true },
  { title: 'RESULTS', isNumber: true },
]

export function topTable(load: Load, now: number, { paint }: Pick<Screen, 'paint'>): string {
  const { workers } = load.crew
  const head = headOf(load, now).map(line => paint(line))
  if (workers.length === 0) return [...head, '', 'No worker has joined.'].join('\n')
  return [...head, '', renderTable(columns, workers.map(rowOf), paint)].join('\n')
}

function headOf({ cluster, address, crew, tasks }: Load, now: number): readonly Words[] {
  const { workers, startedAt } = crew
  const sum = (of: (worker: Worker) => number): number => workers.reduce((total, each) => total + of(each), 0)
  const threads = sum(each => each.threads)
  const up = startedAt === undefined ? '' : `, up ${age(now - startedAt)}`
  const counts = `${workers.length} ${workers.length === 1 ? 'worker' : 'workers'}, ${threads} threads`
  const use = `CPU ${percent(sum(each => each.cpu))}, memory ${bytes(sum(each => each.memory))}`
  const states =
    tasks === undefined
      ? []
      : [
          `tasks: ${tasks.processing} processing, ${tasks.waiting} waiting, ${tasks.memory} in memory, `,
          erred(tasks),
        ]
  return [
    [{ text: cluster, style: 'strong' }, ` at ${address}${up}: ${counts}, ${use}`],
    ...(states.length === 0 ? [] : [states]),
  ]
}

const erred = ({ erred: count }: TaskStates): Styled =>
  count === 0 ? { text: '0 erred' } : { text: `${count} erred`, style: 'bad' }

function rowOf({ name, status, threads, cpu, memory, memoryLimit, tasks }: Worker): readonly Words[] {
  return [
    name,
    { text: status, style: status === 'running' ? 'good' : 'busy' },
    String(threads),
    percent(cpu),
    styled(bytes(memory), fullness(memory, memoryLimit)),
    memoryLimit === undefined ? '-' : bytes(memoryLimit),
    String(tasks.executing),
    String(tasks.waiting),
    String(tasks.inMemory),
  ]
}

const percent = (value: number): string => `${Math.round(value)}%`
const styled = (text: string, style: Style | undefined): Words =>
  style === undefined ? text : { text, style }

/** From 60 % on a worker writes to disk, and from 80 % on it takes no more tasks. */
function fullness(memory: number, limit: number | undefined): Style | undefined {
  const share = limit === undefined ? 0 : memory / limit
  if (share >= 0.8) return 'bad'
  return share >= 0.6 ? 'busy' : undefined
}
