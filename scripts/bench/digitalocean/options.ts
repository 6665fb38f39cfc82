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
  addressMs: ms(5_000),
  startMs: ms(30_000),
  endMs: ms(10_000),
} as const

type Raw = Values<typeof options>

export interface DigitalOceanOptions extends Omit<Raw, 'workers'> {
  /** Of each cluster, one after another. */
  readonly workers: readonly number[]
}

export const digitalOceanUsage = `npm run bench -- digitalocean [OPTIONS]

Counts and times what the operator asks of DigitalOcean for a cluster's launch, until all its machines run, and for its
end: against a simulated DigitalOcean on this computer that has its documented rates of requests and is slow to reach. No
machine boots. Beside it, what it takes to ask for one droplet at a time. Prints every figure and whether its aim is met;
ends with 0 unless something failed.

  --json FILE       Write the figures there, too.
  --workers N,...   Clusters, one after another (100).
  --no-single       Leave out what asks for one droplet at a time.
  --latency-ms N    How long each request is on its way (200).
  --address-ms N    How long it takes until a droplet's addresses are told (5000).
  --start-ms N      How long a droplet takes to run, from its request (30000).
  --end-ms N        How long it is listed after its end (10000).`

/** Throws an OptionError. */
export function parseDigitalOceanOptions(argv: readonly string[]): DigitalOceanOptions {
  const { workers, ...others } = readOptions(options, { argv, env: {}, prefix: 'BENCH_' })
  return { ...others, workers: workers.map(Number) }
}

const ofOneRequest = 10

/** One request for ten droplets, one for the scheduler, and one to spare. */
export const digitalOceanAims = ({ latencyMs, addressMs, startMs, endMs }: DigitalOceanOptions): Aims => ({
  assumed: `DigitalOcean's documented rates, each request ${latencyMs} ms on its way; addresses after ${addressMs} ms, starts ${startMs} ms, ends ${endMs} ms`,
  creates: workers => Math.ceil(workers / ofOneRequest) + 2,
  beside: 60,
  timesFewer: 10,
})
