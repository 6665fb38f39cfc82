import { asText, atLeast, atMost, type Line, rowOf } from '../lines.ts'
import { rounded } from '../statistics.ts'
import type { AwsMeasurement } from './measure.ts'
import type { AwsOptions } from './options.ts'
import type { PeerLaunching } from './peer.ts'
import type { Launching } from './site.ts'

/** The size that the aims are set for. */
const aimedAt = 100

/** What a person reads: first what was launched, in a table, then the figures that there are aims for. */
export function awsLines(measured: AwsMeasurement, { latencyMs }: AwsOptions): readonly string[] {
  const { operator, peer } = measured
  return [
    `EC2's documented request buckets, each request ${latencyMs} ms on its way`,
    row(['', 'workers', 'RunInstances', 'all calls', 'throttled', 'seconds']),
    ...operator.map(each => row(['operator', ...cells(each)])),
    ...peer.map(peerRow),
    ...[...launchLines(measured), ...readLines(measured)].map(asText),
  ]
}

/** What is written to a file. */
export function awsFigures({ operator, peer, reads }: AwsMeasurement): unknown {
  const plain = peer.map(({ kind: ended, launching, made, problem }) => ({
    ...launching,
    ended,
    made,
    problem,
  }))
  return { operator, peer: plain, reads_per_minute: reads }
}

function launchLines({ operator, peer }: AwsMeasurement): readonly Line[] {
  const own = operator.find(({ workers }) => workers === aimedAt)
  const times = operator.flatMap(each => timesFaster(each, peer))
  if (own === undefined) return times
  const what = `launch of ${aimedAt} workers`
  return [
    { what: `${what}: RunInstances`, value: own.runInstances, aim: atMost(3) },
    { what: `${what}: to the last create`, value: own.seconds, unit: 's', aim: atMost(5) },
    ...times,
  ]
}

/** Like for like: the same number of workers of both, where the peer has launched all of them. */
function timesFaster({ workers, seconds }: Launching, peer: readonly PeerLaunching[]): readonly Line[] {
  const other = peer.find(each => each.workers === workers && each.kind === 'whole')
  if (other === undefined) return []
  const what = `${workers} workers: times faster than the peer`
  const value = other.launching.seconds / seconds
  return [workers === aimedAt ? { what, value, aim: atLeast(10) } : { what, value }]
}

function readLines({ reads: [one, many] }: AwsMeasurement): readonly Line[] {
  if (one === undefined || many === undefined) return []
  return [
    { what: 'reads in a minute at rest, 1 cluster', value: one.perMinute },
    {
      what: `the same for ${many.clusters} clusters`,
      value: many.perMinute,
      // Two who count the same minute may see one list more or less.
      aim: atMost(one.perMinute + readsOfAList),
    },
  ]
}

/** Instances, interfaces, addresses and groups. */
const readsOfAList = 4

const peerRow = ({ kind, launching, made, problem }: PeerLaunching): string =>
  row(['EC2Cluster', ...cells(launching)]) +
  (kind === 'whole' ? '' : `  failed with ${made} of its machines made: ${problem}`)

const cells = ({ workers, runInstances, calls, throttled, seconds }: Launching): readonly string[] =>
  [workers, runInstances, calls, throttled, rounded(seconds, 1)].map(String)

const row = rowOf([10, 9, 14, 11, 11, 9])
