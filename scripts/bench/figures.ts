import { rounded } from './statistics.ts'

/** What a figure is to come to on two cores. */
export interface Aim {
  readonly at: 'most' | 'least'
  readonly limit: number
}

export interface Figure {
  readonly what: string
  readonly unit: string
  readonly decimals: number
  readonly aim?: Aim
}

const atMost = (limit: number): Aim => ({ at: 'most', limit })
const atLeast = (limit: number): Aim => ({ at: 'least', limit })

/** Every figure of the bench, under the name it has in the JSON. */
export const figures = {
  first_launch_p50_ms: { what: 'apply to first launch, median', unit: 'ms', decimals: 0 },
  first_launch_p99_ms: {
    what: 'apply to first launch, 99 of 100',
    unit: 'ms',
    decimals: 0,
    aim: atMost(250),
  },
  clusters_per_s: { what: 'clusters from apply to Ready', unit: '/s', decimals: 1, aim: atLeast(50) },
  writes_per_cluster_2: { what: 'writes for a cluster of 2', unit: '', decimals: 1, aim: atMost(16) },
  writes_per_cluster_200: { what: 'writes for a large cluster', unit: '', decimals: 1, aim: atMost(16) },
  events_per_cluster: { what: 'events for a cluster, the most', unit: '', decimals: 1, aim: atMost(6) },
  rss_mb: { what: "the operator's memory, the most", unit: 'MB', decimals: 0, aim: atMost(200) },
  writes_at_rest: { what: 'writes in a minute at rest', unit: '', decimals: 1, aim: atMost(0) },
  loop_stall_ms: { what: 'longest stall of the event loop', unit: 'ms', decimals: 0, aim: atMost(100) },
  raw_writes_per_s: { what: 'writes that the API server takes', unit: '/s', decimals: 0 },
  operator_cpu_ms: { what: 'processor time a cluster: operator', unit: 'ms', decimals: 0 },
  apiserver_cpu_ms: { what: 'processor time a cluster: API server', unit: 'ms', decimals: 0 },
  kib_per_scheduler: { what: 'memory for a watched scheduler', unit: 'KiB', decimals: 0 },
} as const satisfies Readonly<Record<string, Figure>>

export type FigureName = keyof typeof figures
export type Measured = Readonly<Record<FigureName, number>>

export const isMet = ({ at, limit }: Aim, value: number): boolean =>
  at === 'most' ? value <= limit : value >= limit

/** As it is written: a figure is held against its aim as it was measured, not as it is rounded. */
export function shown(name: FigureName, value: number): string {
  const { what, unit, decimals, aim }: Figure = figures[name]
  const text = `${what.padEnd(37)} ${rounded(value, decimals)} ${unit}`.trimEnd()
  if (aim === undefined) return text
  const wanted = `${aim.at === 'most' ? 'at most' : 'at least'} ${aim.limit}`
  return `${text.padEnd(50)} aim: ${wanted.padEnd(12)} ${isMet(aim, value) ? 'met' : 'MISSED'}`
}

export const figureNames = Object.keys(figures) as readonly FigureName[]
