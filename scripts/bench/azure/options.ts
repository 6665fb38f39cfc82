import { integer, text, toggle } from '../../../src/lib/option-kinds.ts'
import { readOptions, type Values } from '../../../src/lib/options.ts'
import type { Aims } from '../lives/report.ts'
import { numbers } from '../options.ts'

const ms = (standard: number) => integer({ description: '', min: 0, max: 120_000, default: standard })

const options = {
  json: text({ description: '', placeholder: 'FILE', default: undefined, defaultText: '' }),
  workers: numbers(['100']),
  single: toggle({ description: '', default: true }),
  latencyMs: ms(200),
  operationMs: ms(5_000),
  startMs: ms(30_000),
  endMs: ms(30_000),
  lookS: integer({ description: '', min: 0, max: 60, default: 10 }),
} as const

type Raw = Values<typeof options>

export interface AzureOptions extends Omit<Raw, 'workers'> {
  /** Of each cluster, one after another. */
  readonly workers: readonly number[]
}

export const azureUsage = `npm run bench -- azure [OPTIONS]

Counts and times what the operator asks of Azure for a cluster's launch, until all its machines run, and for its end:
against a simulated Azure on this computer that has Azure Resource Manager's documented rates of requests and is slow to
reach. No machine boots. Beside it, what it takes to ask for one machine at a time. Prints every figure and whether its
aim is met; ends with 0 unless something failed.

  --json FILE            Write the figures there, too.
  --workers N,...        Clusters, one after another (100).
  --no-single            Leave out what asks for one machine at a time.
  --latency-ms N         How long each request is on its way (200).
  --operation-ms N       How long an operation that makes something takes (5000).
  --start-ms N           How long a machine takes to run, from its request (30000).
  --end-ms N             How long it is being deleted (30000).
  --look-s N             How long Azure asks whoever waits for an operation to wait between two looks (10).`

/** Throws an OptionError. */
export function parseAzureOptions(argv: readonly string[]): AzureOptions {
  const { workers, ...others } = readOptions(options, { argv, env: {}, prefix: 'BENCH_' })
  return { ...others, workers: workers.map(Number) }
}

/** Azure has one request for each machine, whoever asks. */
export const azureAims = ({ latencyMs, operationMs, startMs, endMs, lookS }: AzureOptions): Aims => ({
  assumed: `Azure's documented rates, each request ${latencyMs} ms on its way; operations take ${operationMs} ms and are looked at every ${lookS} s, starts ${startMs} ms, ends ${endMs} ms`,
  creates: workers => workers + 1,
  beside: 60,
  timesFewer: 2.5,
})
