import { integer, list, text } from '../../src/lib/option-kinds.ts'
import { readOptions, type Values } from '../../src/lib/options.ts'

const count = (standard: number, min = 1) =>
  integer({ description: '', min, max: 100_000, default: standard })

/** Sizes, one after another. */
export const numbers = (standard: readonly string[]) =>
  list({ description: '', placeholder: 'N,...', pattern: /^[1-9]\d{0,3}$/, default: standard })

const options = {
  json: text({ description: '', placeholder: 'FILE', default: undefined, defaultText: '' }),
  clusters: count(300),
  workers: count(200),
  launches: count(200),
  perSecond: count(10),
  writes: count(4_000),
  schedulers: count(40),
  restSeconds: count(60),
} as const

export type BenchOptions = Values<typeof options>

export const usage = `npm run bench [-- OPTIONS]

Measures the operator against a real Kubernetes API server on this computer, with the simulated cloud and machines that
start at once, and the pool against real Dask schedulers. Prints every figure and whether its aim is met; ends with 0
unless something failed.

  --json FILE         Write the figures there, too.
  --clusters N        Clusters that are applied at once (300).
  --workers N         Workers of the large cluster (200).
  --launches N        Clusters that are applied one by one (200),
  --per-second N      and how many of them in a second (10).
  --writes N          Writes for the API server's raw rate (4000).
  --schedulers N      Real Dask schedulers (40), of some 80 MB each.
  --rest-seconds N    How long the clusters at rest are looked at (60).`

/** Throws an OptionError. */
export const parseOptions = (argv: readonly string[]): BenchOptions =>
  readOptions(options, { argv, env: {}, prefix: 'BENCH_' })
