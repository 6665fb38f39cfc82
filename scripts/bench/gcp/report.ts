import { asText, atLeast, atMost, type Line, rowOf } from '../lines.ts'
import { rounded } from '../statistics.ts'
import type { GcpMeasurement } from './measure.ts'
import type { GcpOptions } from './options.ts'
import type { Life, Part } from './parts.ts'
import type { SingleLife } from './singles.ts'

/** The size that the aims are set for. */
const aimedAt = 100

/** What a person reads: the lives in a table, then the figures that there are aims for. */
export function gcpLines(measured: GcpMeasurement, options: GcpOptions): readonly string[] {
  const { operator, singles } = measured
  const { latencyMs, operationMs, startMs, endMs } = options
  return [
    `Google's documented quotas, each request ${latencyMs} ms on its way; operations take ${2 * operationMs} ms, starts ${2 * startMs} ms, ends ${endMs} ms`,
    row(['', 'workers', 'part', 'creates', 'all calls', 'throttled', 'seconds']),
    ...operator.flatMap(each => rows('operator', each)),
    ...singles.flatMap(each => [...rows('one by one', each), ...broken(each)]),
    ...[...lifeLines(measured), ...memoryLines(measured)].map(asText),
  ]
}

/** What is written to a file. */
export function gcpFigures({ operator, singles, memory }: GcpMeasurement): unknown {
  return { operator, singles, memory_mb: memory }
}

function lifeLines({ operator, singles }: GcpMeasurement): readonly Line[] {
  return operator.flatMap(own => {
    const what = `${own.workers} workers`
    const aimed = own.workers === aimedAt
    return [
      { what: `${what}: requests that make machines`, value: own.creates, aim: atMost(3) },
      { what: `${what}: throttled`, value: throttledOf(own), aim: atMost(0) },
      { what: `${what}: calls to the last create`, value: own.launch.calls, aim: atMost(40) },
      ...singles
        .filter(each => each.workers === own.workers && each.kind === 'whole')
        .flatMap(other => ratios(what, own, other, aimed)),
    ]
  })
}

/** Like for like: where the other one has launched all of them, too. */
function ratios(what: string, own: Life, other: SingleLife, aimed: boolean): readonly Line[] {
  const calls = callsToRun(other) / callsToRun(own)
  return [
    { what: `${what}: times fewer calls until all run`, value: calls, ...(aimed && { aim: atLeast(10) }) },
    // Lists of many more machines are slower in the simulator than Google's.
    ...(aimed
      ? [{ what: `${what}: times faster until all run`, value: secondsToRun(other) / secondsToRun(own) }]
      : []),
  ]
}

const memoryLines = ({ memory: { before, after } }: GcpMeasurement): readonly Line[] => [
  { what: "the operator's memory before its first", value: before, unit: 'MB' },
  { what: 'and after it, with the SDK', value: after, unit: 'MB', aim: atMost(200) },
]

const callsToRun = ({ launch, start }: Life): number => launch.calls + start.calls
const secondsToRun = ({ launch, start }: Life): number => launch.seconds + start.seconds
const throttledOf = ({ launch, start, end }: Life): number =>
  launch.throttled + start.throttled + end.throttled

function rows(who: string, { workers, creates, launch, start, end }: Life): readonly string[] {
  return [
    row([who, workers, 'launch', creates, ...cells(launch)]),
    row(['', '', 'start', '', ...cells(start)]),
    row(['', '', 'end', '', ...cells(end)]),
  ]
}

const broken = ({ kind, made }: SingleLife): readonly string[] =>
  kind === 'whole' ? [] : [`  requests were refused, and it gave up; ${made} of its machines were made`]

const cells = ({ calls, throttled, seconds }: Part): readonly string[] => [
  String(calls),
  String(throttled),
  String(rounded(seconds, 1)),
]

const row = rowOf([11, 9, 8, 9, 11, 11, 9])
