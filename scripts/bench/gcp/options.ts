import { integer, text, toggle } from '../../../src/lib/option-kinds.ts'
import { readOptions, type Values } from '../../../src/lib/options.ts'
import type { Aims } from '../lives/report.ts'
import { numbers } from '../options.ts'

const ms = (standard: number) => integer({ description: '', min: 0, max: 120_000, default: standard })

const options = {
  json: text({ description: '', placeholder: 'FILE', default: undefined, defaultText: '' }),
  workers: numbers(['100', '1000']),
  single: toggle({ description: '', default: true }),
  latencyMs: ms(200),
  operationMs: ms(3_000),
  startMs: ms(5_000),
  endMs: ms(30_000),
} as const

type Raw = Values<typeof options>

export interface GcpOptions extends Omit<Raw, 'workers'> {
  /** Of each cluster, one after another. */
  readonly workers: readonly number[]
}

export const gcpUsage = `npm run bench -- gcp [OPTIONS]

Counts and times what the operator asks of Compute Engine for a cluster's launch, until all its machines run, and for its
end: against a simulated Compute Engine on this computer that has Google's documented quotas of requests and is slow to
reach. No machine boots. Beside it, what it takes to ask for one machine at a time. Prints every figure and whether its
aim is met; ends with 0 unless something failed.

  --json FILE            Write the figures there, too.
  --workers N,...        Clusters, one after another (100,1000).
  --no-single            Leave out what asks for one machine at a time.
  --latency-ms N         How long each request is on its way (200).
  --operation-ms N       How long an operation is PENDING, and as long again RUNNING (3000).
  --start-ms N           How long a machine is PROVISIONING, and as long again STAGING (5000).
  --end-ms N             How long it is STOPPING (30000).`

/** Throws an OptionError. */
export function parseGcpOptions(argv: readonly string[]): GcpOptions {
  const { workers, ...others } = readOptions(options, { argv, env: {}, prefix: 'BENCH_' })
  return { ...others, workers: workers.map(Number) }
}

export const gcpAims = ({ latencyMs, operationMs, startMs, endMs }: GcpOptions): Aims => ({
  assumed: `Google's documented quotas, each request ${latencyMs} ms on its way; operations take ${2 * operationMs} ms, starts ${2 * startMs} ms, ends ${endMs} ms`,
  creates: () => 3,
  beside: 38,
  timesFewer: 10,
})
