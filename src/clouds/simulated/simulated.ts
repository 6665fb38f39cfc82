import { integer, noOthers, optional, record } from '../../lib/parse.ts'
import { wait } from '../../lib/wait.ts'
import { defineCloud } from '../contract.ts'
import { fileJournal, memoryJournal } from './journal.ts'
import { SimulatedCloud } from './provider.ts'
import { SimulatedWorld } from './world.ts'

export interface SimulatedSettings {
  /** From launch to running, in seconds; undefined for what the operator is configured to. */
  readonly startupSeconds: number | undefined
}

/** The simulated cloud as a user may try it: no trouble, only time. Half of a call's time passes before it is done. */
export const simulated = defineCloud<SimulatedSettings>({
  name: 'simulated',
  parse(raw, path) {
    const settings = record(raw, path)
    noOthers(settings, path, ['startupSeconds'])
    const seconds = optional(settings['startupSeconds'], `${path}.startupSeconds`, (value, at) =>
      integer(value, at, { min: 0, max: 3600 }),
    )
    return { startupSeconds: seconds }
  },
  offerings: ({ startupSeconds }) => [
    startupSeconds === undefined ? 'simulated' : `startup-${startupSeconds}s`,
  ],
  intent: () => ({}),
  connection: () => ({}),
  ambient: { startupSeconds: undefined },
  async connect(_settings, { installation, simulatedState, simulatedStartupMs, simulatedLatencyMs = 0 }) {
    const tempo = { lagMs: 0, startMs: simulatedStartupMs ?? 2_000, joinMs: 200, endMs: 500 }
    const journal = simulatedState === undefined ? memoryJournal() : fileJournal(simulatedState)
    const world = new SimulatedWorld({ now: Date.now, tempo, journal })
    const trouble =
      simulatedLatencyMs > 0 ? { delayMs: simulatedLatencyMs / 2, answerMs: simulatedLatencyMs / 2 } : {}
    return new SimulatedCloud({
      world,
      installation,
      now: Date.now,
      wait,
      script: () => trouble,
      horizonMs: 10_000,
      stableAddress: true,
    })
  },
})
