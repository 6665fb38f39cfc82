import { readFileSync } from 'node:fs'
import { integer, noOthers, optional, ParseError, record } from '../../lib/parse.ts'
import { wait } from '../../lib/wait.ts'
import { type CloudContext, defineCloud } from '../contract.ts'
import { fileJournal, memoryJournal } from './journal.ts'
import { prove, type Script, SimulatedCloud, type Stage } from './provider.ts'
import { Rehearsal } from './rehearsal.ts'
import { SimulatedSchedulers } from './schedulers.ts'
import { SimulatedWorld } from './world.ts'

export interface SimulatedSettings {
  /** From launch to running, in seconds; undefined for what the operator is configured to. */
  readonly startupSeconds: number | undefined
}

/** The simulated cloud as a user may try it: no trouble but what they ask for. Half of a call's time passes before it is done. */
export const simulated = defineCloud<SimulatedSettings, string>({
  name: 'simulated',
  parse(raw, path) {
    const settings = record(raw, path)
    noOthers(settings, path, ['startupSeconds'])
    const seconds = optional(settings['startupSeconds'], `${path}.startupSeconds`, (value, at) =>
      integer(value, at, { min: 0, max: 3600 }),
    )
    return { startupSeconds: seconds }
  },
  offerings: ({ startupSeconds }, wish) => {
    const plain = startupSeconds === undefined ? 'simulated' : `startup-${startupSeconds}s`
    const kinds = wish.purchasing === 'SpotOrOnDemand' ? ['Spot', 'OnDemand'] : [wish.purchasing]
    const named = kinds.flatMap(kind => wish.sizes.map(size => `${plain} ${size} ${kind}`))
    return named.length > 0 ? named : [plain]
  },
  intent: () => ({}),
  connection: () => ({}),
  ambient: () => [{ startupSeconds: undefined }],
  isTrial: true,
  ignoresNetwork: true,
  /** Any token will do, unless a rehearsal refuses it. */
  credentials({ token, ...others }, path) {
    if (token === undefined) throw new ParseError(`${path}, key token`, 'is missing: any text is a token')
    if (!/^[\w.-]{1,200}$/.test(token))
      throw new ParseError(
        `${path}, key token`,
        'must be letters, digits and _ . - without spaces or line ends',
      )
    noOthers(others, path, ['token'])
    return token
  },
  async connect(_settings, token, context) {
    const stage = { ...stageOf(context), token }
    prove(stage)
    return new SimulatedCloud(stage)
  },
})

/** One world for whoever connects with the same context, however many tokens they have. */
const stages = new WeakMap<CloudContext, Stage>()

function stageOf(context: CloudContext): Stage {
  const known = stages.get(context)
  if (known !== undefined) return known
  const { installation, simulatedState, simulatedStartupMs } = context
  const startMs = simulatedStartupMs ?? 2_000
  // Machines that take no time to start take none to join either.
  const tempo = { lagMs: 0, startMs, joinMs: startMs === 0 ? 0 : 200, endMs: 500 }
  const journal = simulatedState === undefined ? memoryJournal() : fileJournal(simulatedState)
  const now = Date.now
  const world = new SimulatedWorld({ now, tempo, journal })
  const schedulers = new SimulatedSchedulers(world, now)
  const script = scriptOf(context)
  const stage = { world, schedulers, installation, now, wait, script, horizonMs: 10_000, stableAddress: true }
  stages.set(context, stage)
  return stage
}

function scriptOf({ simulatedFaults: file, simulatedLatencyMs = 0, onProblem }: CloudContext): Script {
  const half = simulatedLatencyMs / 2
  const usual = half > 0 ? { delayMs: half, answerMs: half } : {}
  if (file === undefined) return () => usual
  const inFile = (cause: unknown): Error =>
    new Error(`--simulated-faults ${file}: ${String(cause)}`, { cause })
  return new Rehearsal({
    read: () => readFileSync(file, 'utf8'),
    usual,
    onProblem: error => onProblem?.(inFile(error)),
  }).script
}
