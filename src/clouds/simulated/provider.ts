import type { Call } from '../../lib/call.ts'
import { CloudError, type Fault } from '../../model/faults.ts'
import type { Endpoint, Machine, MachineState, ReservedAddress } from '../../model/machine.ts'
import {
  type ClusterKey,
  type ClusterUid,
  type InstallationId,
  type MachineId,
  scope,
} from '../../model/names.ts'
import type { Cloud, LaunchAnswer, LaunchRequest, Listing, Owner } from '../contract.ts'
import { SimulatedSchedulers } from './schedulers.ts'
import type { SimulatedMachine, SimulatedWorld } from './world.ts'

/** Nobody can take this for a real address. */
export const simulatedEndpoint: Endpoint = { host: 'simulated.invalid', port: 8786 }

/** What a script may do to one call, before the world hears of it and before the caller does. */
export interface Trouble {
  /** The world hears of the call so much later. */
  readonly delayMs?: number
  /** And the caller of the answer so much later. */
  readonly answerMs?: number
  /** Nothing is done, and this is thrown. */
  readonly refuse?: Fault
  /** Done, and the caller is told this all the same. */
  readonly answer?: Fault
  /** Done so much later, after the caller was told that it timed out. */
  readonly lateMs?: number
  /** Only so many are made. */
  readonly atMost?: number
}

export type CallName = 'list' | 'launch' | 'terminate' | 'reserve' | 'release'

/** Asked before every call; {} is an untroubled one. */
export type Script = (name: CallName, at: number) => Trouble

export interface Stage {
  readonly world: SimulatedWorld
  readonly installation: InstallationId
  readonly now: () => number
  readonly wait: (ms: number, call: Call) => Promise<void>
  readonly script: Script
  readonly horizonMs: number
  readonly stableAddress: boolean
}

/** A cloud without machines: for trying the operator out, and for tests that need a cloud which fails on cue. */
export class SimulatedCloud implements Cloud {
  readonly name = 'simulated'
  readonly scope = scope('simulated')
  readonly schedulers: SimulatedSchedulers
  readonly #stage: Stage

  constructor(stage: Stage) {
    this.#stage = stage
    this.schedulers = new SimulatedSchedulers(stage.world, stage.now)
  }

  get promises(): Cloud['promises'] {
    const { horizonMs, stableAddress } = this.#stage
    return {
      horizonMs,
      stableAddress,
      maxBatch: 100,
      listEveryMs: { busy: 500, resting: 10_000 },
      maxUserDataBytes: 16_384,
      launchMs: 10_000,
    }
  }

  list(call: Call): Promise<Listing> {
    return this.#perform('list', call, () => this.#listing())
  }

  async launch(request: LaunchRequest, call: Call): Promise<LaunchAnswer> {
    const { world, installation, now } = this.#stage
    const machines = await this.#perform('launch', call, ({ atMost, lateMs }) => {
      const count = Math.max(1, Math.min(request.count, atMost ?? request.count))
      if (lateMs === undefined) return world.launch(request, installation, count)
      world.launchLate(request, installation, { count, at: now() + lateMs })
      throw new CloudError('timeout', 'The simulated cloud did not answer in time')
    })
    return { machines }
  }

  terminate(machines: readonly MachineId[], call: Call): Promise<void> {
    const { world, installation } = this.#stage
    const ours = new Set(
      world.machines.filter(each => each.installation === installation).map(({ id }) => id),
    )
    return this.#perform('terminate', call, () => world.end(machines.filter(id => ours.has(id))))
  }

  reserveAddress(owner: Owner, call: Call): Promise<ReservedAddress> {
    return this.#perform('reserve', call, () => {
      this.#stage.world.reserve(owner)
      return addressOf([owner.uid, owner.key])
    })
  }

  releaseAddress(owner: ClusterUid, call: Call): Promise<void> {
    return this.#perform('release', call, () => this.#stage.world.release(owner))
  }

  async close(): Promise<void> {}

  async #perform<T>(name: CallName, call: Call, work: (trouble: Trouble) => T): Promise<T> {
    const { script, now, wait } = this.#stage
    const trouble = script(name, now())
    if (trouble.delayMs !== undefined) await wait(trouble.delayMs, call).catch(() => undefined)
    if (call.signal.aborted) throw new CloudError('timeout', 'The simulated cloud was not asked in time')
    if (trouble.refuse !== undefined)
      throw new CloudError(trouble.refuse, `The simulated cloud says: ${trouble.refuse}`)
    const answer = work(trouble)
    if (trouble.answerMs !== undefined) await wait(trouble.answerMs, call).catch(() => undefined)
    if (call.signal.aborted) throw new CloudError('timeout', 'The simulated cloud did not answer in time')
    if (trouble.answer !== undefined)
      throw new CloudError(trouble.answer, `The simulated cloud says: ${trouble.answer}`)
    return answer
  }

  #listing(): Listing {
    const { world, installation, now } = this.#stage
    const at = now()
    const ours = world.machines.filter(each => each.installation === installation && each.visibleAt <= at)
    return {
      machines: ours.map(each => machineOf(each, at, world.tempo.endMs)),
      addresses: [...world.addresses].map(addressOf),
    }
  }
}

const addressOf = ([owner, key]: readonly [ClusterUid, ClusterKey]): ReservedAddress => ({
  owner,
  key,
  internal: simulatedEndpoint,
  external: simulatedEndpoint,
})

function machineOf(machine: SimulatedMachine, at: number, endMs: number): Machine {
  const { id, tags, createdAt } = machine
  const { uid, key, role, group, launch, seq, fingerprint } = tags
  return {
    id,
    owner: uid,
    key,
    role,
    group,
    launch,
    seq,
    fingerprint,
    createdAt,
    state: stateOf(machine, at, endMs),
  }
}

function stateOf({ endedAt, runningAt }: SimulatedMachine, at: number, endMs: number): MachineState {
  if (endedAt !== undefined) return at < endedAt + endMs ? { kind: 'leaving' } : { kind: 'gone' }
  if (at < runningAt) return { kind: 'starting' }
  return { kind: 'running', addresses: { internal: simulatedEndpoint, external: simulatedEndpoint } }
}
