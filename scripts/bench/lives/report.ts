import { asText, atLeast, atMost, type Line, rowOf } from '../lines.ts'
import { rounded } from '../statistics.ts'
import type { Lives } from './measure.ts'
import type { Life, Part, SingleLife } from './parts.ts'

/** The size that ratios are aimed at. */
const aimedAt = 100

export interface Aims {
  /** What was assumed, in one line. */
  readonly assumed: string
  /** The most requests that make machines, for so many workers. */
  readonly creates: (workers: number) => number
  /** The most calls to the last create beside those that make machines. */
  readonly beside: number
  /** How many times fewer calls it takes until all of 100 workers run. */
  readonly timesFewer: number
}

/** What a person reads: the lives in a table, then the figures that there are aims for. */
export function livesLines(measured: Lives, aims: Aims): readonly string[] {
  const { operator, singles } = measured
  return [
    aims.assumed,
    row(['', 'workers', 'part', 'creates', 'all calls', 'throttled', 'seconds']),
    ...operator.flatMap(each => rows('operator', each)),
    ...singles.flatMap(each => [...rows('one by one', each), ...broken(each)]),
    ...[...lifeLines(measured, aims), ...memoryLines(measured)].map(asText),
  ]
}

/** What is written to a file. */
export function livesFigures({ operator, singles, memory }: Lives): unknown {
  return { operator, singles, memory_mb: memory }
}

function lifeLines({ operator, singles }: Lives, aims: Aims): readonly Line[] {
  return operator.flatMap(own => {
    const what = `${own.workers} workers`
    const beside = own.launch.calls - own.creates
    return [
      {
        what: `${what}: requests that make machines`,
        value: own.creates,
        aim: atMost(aims.creates(own.workers)),
      },
      { what: `${what}: throttled`, value: throttledOf(own), aim: atMost(0) },
      { what: `${what}: other calls to the last create`, value: beside, aim: atMost(aims.beside) },
      ...singles
        .filter(each => each.workers === own.workers && each.kind === 'whole')
        .flatMap(other => ratios(what, [own, other], own.workers === aimedAt ? aims : undefined)),
    ]
  })
}

/** Like for like: where the other one has launched all of them, too. */
function ratios(
  what: string,
  [own, other]: readonly [Life, SingleLife],
  aims: Aims | undefined,
): readonly Line[] {
  const fewer = `${what}: times fewer calls until all run`
  const calls = callsToRun(other) / callsToRun(own)
  // Lists of many more machines are slower in a simulator than in its cloud.
  if (aims === undefined) return [{ what: fewer, value: calls }]
  const faster = secondsToRun(other) / secondsToRun(own)
  return [
    { what: fewer, value: calls, aim: atLeast(aims.timesFewer) },
    { what: `${what}: times faster until all run`, value: faster },
  ]
}

const memoryLines = ({ memory: { before, after } }: Lives): readonly Line[] => [
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
