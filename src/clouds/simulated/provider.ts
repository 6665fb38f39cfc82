import type { Call } from '../../lib/call.ts'
import { CloudError, type Fault } from '../../model/faults.ts'
import type { Machine, MachineState, ReservedAddress, ReservedNetwork } from '../../model/machine.ts'
import {
  type ClusterKey,
  type ClusterUid,
  type InstallationId,
  type MachineId,
  scope,
} from '../../model/names.ts'
import type {
  Cloud,
  LaunchAnswer,
  LaunchRequest,
  Listing,
  NetworkWish,
  Rehearsals,
  RehearsalWish,
} from '../contract.ts'
import { keptHost, ownHost, simulatedAddresses } from './endpoints.ts'
import type { Asked } from './journal.ts'
import { rehearsalsOn } from './looks.ts'
import { SimulatedSchedulers } from './schedulers.ts'
import type { SimulatedMachine, SimulatedWorld } from './world.ts'

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
  /** None is made, and the answer is as if they were. */
  readonly forget?: boolean
  /** Dask never comes up on the machines made, and their consoles say this. */
  readonly neverJoins?: string
  /** Machines that are asked to end are on their way out for so long. */
  readonly leavingMs?: number
  /** Machines younger than this are not in the list. */
  readonly hideNewMs?: number
  /** Nor are these, or of all machines such a share, spread over them by their numbers. */
  readonly hide?: number | readonly string[]
  /** The list is empty. */
  readonly empty?: boolean
}

export type CallName = 'list' | 'launch' | 'terminate' | 'reserve' | 'release' | 'connect' | 'rehearse'

type Asking = {
  readonly name: Exclude<CallName, 'connect' | 'rehearse'>
  readonly offering?: string
} & Pick<Asked, 'token' | 'machines' | 'uid'>

/** Asked before every call; {} is an untroubled one. */
export type Script = (name: CallName, at: number, about?: About) => Trouble

/** What a rule may be for alone: the credential that a call is made with, and what a launch asks for. */
export interface About {
  readonly token?: string | undefined
  readonly offering?: string | undefined
}

export interface Stage {
  readonly world: SimulatedWorld
  readonly installation: InstallationId
  readonly now: () => number
  readonly wait: (ms: number, call: Call) => Promise<void>
  readonly script: Script
  readonly horizonMs: number
  readonly stableAddress: boolean
  /** Whose calls these are, for a script that tells them apart. */
  readonly token?: string | undefined
  /** Shared by those who share a world; of its own unless given. */
  readonly schedulers?: SimulatedSchedulers
}

/** A cloud without machines: for trying the operator out, and for tests that need a cloud which fails on cue. */
export class SimulatedCloud implements Cloud {
  readonly name = 'simulated'
  readonly scope = scope('simulated')
  readonly schedulers: SimulatedSchedulers
  readonly #stage: Stage

  constructor(stage: Stage) {
    this.#stage = stage
    this.schedulers = stage.schedulers ?? new SimulatedSchedulers(stage.world, stage.now)
  }

  get promises(): Cloud['promises'] {
    const { horizonMs, stableAddress } = this.#stage
    return {
      horizonMs,
      stableAddress,
      ...(stableAddress ? {} : { keepsNetwork: true }),
      maxBatch: 100,
      listEveryMs: { busy: 500, resting: 10_000 },
      maxUserDataBytes: 16_384,
      compressesUserData: true,
      launchMs: 10_000,
    }
  }

  list(call: Call): Promise<Listing> {
    return this.#perform({ name: 'list' }, call, trouble => this.#listing(trouble))
  }

  async launch(request: LaunchRequest, call: Call): Promise<LaunchAnswer> {
    const { world, installation, now } = this.#stage
    const { token, offering } = request
    const asking = { name: 'launch', token, offering, uid: request.owner.uid } as const
    const machines = await this.#perform(asking, call, ({ atMost, lateMs, forget, neverJoins }) => {
      const count = Math.max(1, Math.min(request.count, atMost ?? request.count))
      if (forget === true) return world.launchNothing(request, count)
      if (lateMs === undefined) return world.launch(request, installation, { count, neverJoins })
      world.launchLate(request, installation, { count, neverJoins, at: now() + lateMs })
      throw new CloudError('timeout', 'The simulated cloud did not answer in time')
    })
    return { machines }
  }

  terminate(machines: readonly MachineId[], call: Call): Promise<void> {
    const { world, installation } = this.#stage
    const ours = new Set(
      world.machines.filter(each => each.installation === installation).map(({ id }) => id),
    )
    return this.#perform({ name: 'terminate', machines }, call, ({ leavingMs }) =>
      world.end(
        machines.filter(id => ours.has(id)),
        leavingMs,
      ),
    )
  }

  reserveAddress({ owner }: NetworkWish, call: Call): Promise<ReservedAddress | ReservedNetwork> {
    return this.#perform({ name: 'reserve', uid: owner.uid }, call, () => {
      const { world, installation, stableAddress } = this.#stage
      world.reserve(owner, installation)
      const made = networkOf([owner.uid, owner.key])
      return stableAddress ? addressOf(made) : made
    })
  }

  releaseAddress(uid: ClusterUid, call: Call): Promise<void> {
    const { world, installation } = this.#stage
    return this.#perform({ name: 'release', uid }, call, () => world.release(uid, installation))
  }

  async console(machine: MachineId): Promise<string> {
    return this.#stage.world.machines.find(({ id }) => id === machine)?.console ?? ''
  }

  rehearsals(wish: RehearsalWish): Rehearsals {
    return rehearsalsOn(this.#stage, wish)
  }

  async close(): Promise<void> {}

  async #perform<T>(
    { name, offering, ...about }: Asking,
    call: Call,
    work: (trouble: Trouble) => T,
  ): Promise<T> {
    const { script, now, wait, world, token } = this.#stage
    if (call.signal.aborted) throw new CloudError('timeout', 'The simulated cloud was not asked in time')
    if (name !== 'list') world.ask({ call: name, ...about })
    const trouble = script(name, now(), { token, offering })
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

  #listing({ hideNewMs = 0, hide, empty }: Trouble): Listing {
    const { world, installation, now, stableAddress } = this.#stage
    const at = now()
    const isListed = ({ id, createdAt, visibleAt }: SimulatedMachine, number: number): boolean =>
      visibleAt <= at && createdAt + hideNewMs <= at && !isHidden(id, number, hide)
    const ours = world.machines.filter(
      (each, number) => each.installation === installation && isListed(each, number),
    )
    if (empty === true) return { machines: [], addresses: [] }
    const networks = [...world.addresses]
      .filter(([, kept]) => kept.installation === installation)
      .map(([uid, { key }]) => networkOf([uid, key]))
    return {
      machines: ours.map(each => machineOf(each, at, { endMs: world.tempo.endMs, stableAddress })),
      ...(stableAddress ? { addresses: networks.map(addressOf) } : { addresses: [], networks }),
    }
  }
}

/** Whether an account may be used at all: throws a CloudError where its script refuses it. */
export function prove({ script, now, token }: Pick<Stage, 'script' | 'now' | 'token'>): void {
  const { refuse } = script('connect', now(), { token })
  if (refuse !== undefined) throw new CloudError(refuse, `The simulated cloud says: ${refuse}`)
}

/** A share is spread over all machines that ever were, so that it is the same ones in every list. */
function isHidden(id: MachineId, number: number, hide: Trouble['hide'] = 0): boolean {
  if (typeof hide !== 'number') return hide.includes(id)
  return Math.floor((number + 1) * hide) > Math.floor(number * hide)
}

const networkOf = ([owner, key]: readonly [ClusterUid, ClusterKey]): ReservedNetwork => ({ owner, key })

const addressOf = (made: ReservedNetwork): ReservedAddress => ({ ...made, ...simulatedAddresses(keptHost) })

type Manners = Pick<Stage, 'stableAddress'> & { readonly endMs: number }

function machineOf(machine: SimulatedMachine, at: number, manners: Manners): Machine {
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
    state: stateOf(machine, at, manners),
  }
}

function stateOf(machine: SimulatedMachine, at: number, { endMs, stableAddress }: Manners): MachineState {
  const { endedAt, runningAt } = machine
  if (endedAt !== undefined)
    return at < (machine.goneAt ?? endedAt + endMs) ? { kind: 'leaving' } : { kind: 'gone' }
  if (at < runningAt) return { kind: 'starting' }
  return { kind: 'running', addresses: simulatedAddresses(stableAddress ? keptHost : ownHost(machine.id)) }
}
