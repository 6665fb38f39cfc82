import { integer, text, toggle } from '../../../src/lib/option-kinds.ts'
import { readOptions, type Values } from '../../../src/lib/options.ts'
import { numbers } from '../options.ts'

const options = {
  json: text({ description: '', placeholder: 'FILE', default: undefined, defaultText: '' }),
  workers: numbers(['10', '50', '100', '1000']),
  peer: toggle({ description: '', default: true }),
  peerWorkers: numbers(['10', '50', '100']),
  clusters: integer({ description: '', min: 2, max: 10_000, default: 200 }),
  seconds: integer({ description: '', min: 1, max: 3_600, default: 60 }),
  latencyMs: integer({ description: '', min: 0, max: 10_000, default: 200 }),
} as const

type Raw = Values<typeof options>

export interface AwsOptions extends Pick<Raw, 'json' | 'clusters' | 'seconds' | 'latencyMs'> {
  /** Of each cluster that the operator launches, one after another. */
  readonly workers: readonly number[]
  /** Of each cluster that the peer launches; empty where it is left out. */
  readonly peerWorkers: readonly number[]
}

export const awsUsage = `npm run bench -- aws [OPTIONS]

Counts and times what the operator asks of AWS, against a simulated EC2 on this computer that has EC2's documented
request buckets and is slow to reach, and what dask-cloudprovider's EC2Cluster asks of it. No machine boots. Prints every
figure and whether its aim is met; ends with 0 unless something failed.

  --json FILE            Write the figures there, too.
  --workers N,...        Clusters that the operator launches, one after another (10,50,100,1000).
  --no-peer              Leave dask-cloudprovider out.
  --peer-workers N,...   Clusters that dask-cloudprovider launches (10,50,100).
  --clusters N           Clusters whose reads are held against those of one (200),
  --seconds N            and how long they are counted (60).
  --latency-ms N         How long each request is on its way (200).`

/** Throws an OptionError. */
export function parseAwsOptions(argv: readonly string[]): AwsOptions {
  const {
    workers,
    peer: withPeer,
    peerWorkers,
    ...others
  } = readOptions(options, {
    argv,
    env: {},
    prefix: 'BENCH_',
  })
  return { ...others, workers: workers.map(Number), peerWorkers: withPeer ? peerWorkers.map(Number) : [] }
}
