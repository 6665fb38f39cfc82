import type { ClusterKey, ClusterUid, LaunchId, MachineId } from '../../model/names.ts'
import { machineId } from '../../model/names.ts'
import type { LaunchRequest, Owner } from '../contract.ts'
import type { Asked, Journal, Mark } from './journal.ts'

/** A machine of the simulated world. Its state follows from the clock: nothing needs to tick. Times in ms since the epoch. */
export interface SimulatedMachine {
  readonly id: MachineId
  readonly token: string
  readonly installation: string
  readonly tags: Tags
  readonly createdAt: number
  /** When lists begin to show it. */
  readonly visibleAt: number
  readonly runningAt: number
  /** When its Dask process first answers or joins; undefined where it never does. */
  readonly joinedAt: number | undefined
  readonly endedAt: number | undefined
  /** When it is gone for good, where that was said as it ended. */
  readonly goneAt?: number | undefined
  /** What its console says. */
  readonly console?: string | undefined
  /** Where a worker was told that its scheduler is. */
  readonly dials?: string | undefined
}

export type Tags = Pick<LaunchRequest, 'role' | 'group' | 'seq' | 'fingerprint'> & {
  readonly uid: ClusterUid
  readonly key: ClusterKey
  readonly launch: LaunchId
}

/** A scheduler's address, and whose operator made it. */
export interface KeptAddress {
  readonly key: ClusterKey
  readonly installation: string
}

export interface Tempo {
  /** From commit to listed, to running, and to a Dask process that answers. */
  readonly lagMs: number
  readonly startMs: number
  readonly joinMs: number
  /** From the request to end to gone. */
  readonly endMs: number
}

/** How a launch is carried out. */
export interface Commit {
  readonly count: number
  /** Dask never comes up on these machines, and their consoles say this. */
  readonly neverJoins?: string | undefined
}

/**
 * The truth of a simulated cloud: who lives, which tokens were used, what was done when. Tests assert on this; the
 * operator sees it through a provider that may lag and lie.
 */
export class SimulatedWorld {
  readonly #machines = new Map<MachineId, SimulatedMachine>()
  readonly #tokens = new Map<string, readonly MachineId[]>()
  readonly #addresses = new Map<ClusterUid, KeptAddress>()
  readonly #late: { readonly at: number; readonly commit: () => void }[] = []
  readonly #journal: Journal
  readonly #now: () => number
  tempo: Tempo
  #number = 0
  #forgotten = 0

  constructor({
    now,
    tempo,
    journal,
  }: { readonly now: () => number; readonly tempo: Tempo; readonly journal: Journal }) {
    this.#now = now
    this.tempo = tempo
    this.#journal = journal
    this.#catchUp()
  }

  /** Makes machines, unless the token was used before: then those of that time are the answer. */
  launch(request: LaunchRequest, installation: string, { count, neverJoins }: Commit): readonly MachineId[] {
    this.#catchUp()
    const { role, group, seq, fingerprint, owner, launch, token } = request
    const used = this.#tokens.get(token)
    if (used !== undefined) return used
    const now = this.#now()
    const { lagMs, joinMs } = this.tempo
    const startMs = startOf(request.offering) ?? this.tempo.startMs
    const machines = this.#newIds(count).map(
      (id): SimulatedMachine => ({
        id,
        token,
        installation,
        tags: { role, group, seq, fingerprint, uid: owner.uid, key: owner.key, launch },
        createdAt: now,
        visibleAt: now + lagMs,
        runningAt: now + startMs,
        joinedAt: neverJoins === undefined ? now + startMs + joinMs : undefined,
        endedAt: undefined,
        console: neverJoins,
        dials: role === 'worker' ? request.address?.internal.host : undefined,
      }),
    )
    this.#write({ kind: 'launched', at: now, token, machines })
    return machines.map(({ id }) => id)
  }

  /** The answer of a launch that makes nothing, now or later. */
  launchNothing({ token }: LaunchRequest, count: number): readonly MachineId[] {
    this.#catchUp()
    const used = this.#tokens.get(token)
    if (used !== undefined) return used
    const machines = this.#newIds(count)
    this.#write({ kind: 'forgotten', at: this.#now(), token, machines })
    return machines
  }

  /** A create whose caller has given up and that is carried out all the same, later. */
  launchLate(
    request: LaunchRequest,
    installation: string,
    { at, ...commit }: Commit & { readonly at: number },
  ): void {
    this.#late.push({ at, commit: () => void this.launch(request, installation, commit) })
  }

  /** `leavingMs`: how long they are on their way out, where that is not the usual time. */
  end(ids: readonly MachineId[], leavingMs?: number): void {
    this.#catchUp()
    const at = this.#now()
    const machines = ids.filter(id => this.#machines.get(id)?.endedAt === undefined && this.#machines.has(id))
    const gone = leavingMs === undefined ? {} : { goneAt: at + leavingMs }
    if (machines.length > 0) this.#write({ kind: 'ended', at, machines, ...gone })
  }

  /** Notes that a call begins. */
  ask(asked: Omit<Asked, 'by'>): void {
    this.#write({ kind: 'asked', at: this.#now(), by: process.pid, ...asked })
  }

  reserve({ uid, key }: Owner, installation: string): void {
    if (!this.addresses.has(uid)) this.#write({ kind: 'reserved', at: this.#now(), uid, key, installation })
  }

  release(uid: ClusterUid, installation: string): void {
    if (this.addresses.get(uid)?.installation === installation)
      this.#write({ kind: 'released', at: this.#now(), uid })
  }

  get addresses(): ReadonlyMap<ClusterUid, KeptAddress> {
    this.#catchUp()
    return this.#addresses
  }

  /** Every machine that ever was. */
  get machines(): readonly SimulatedMachine[] {
    this.#settle()
    return [...this.#machines.values()]
  }

  /** Machines that cost money now. */
  get alive(): readonly SimulatedMachine[] {
    return this.machines.filter(({ endedAt }) => endedAt === undefined)
  }

  /** Creates that are still to be carried out. */
  get pending(): number {
    this.#settle()
    return this.#late.length
  }

  #settle(): void {
    this.#catchUp()
    const now = this.#now()
    const due = this.#late.filter(({ at }) => at <= now)
    if (due.length === 0) return
    this.#late.splice(0, this.#late.length, ...this.#late.filter(({ at }) => at > now))
    for (const { commit } of due) commit()
  }

  #newIds(count: number): readonly MachineId[] {
    return Array.from({ length: count }, () =>
      machineId(`sim-${(this.#number++).toString(16).padStart(8, '0')}`),
    )
  }

  #write(mark: Mark): void {
    this.#journal.write(mark)
    this.#catchUp()
  }

  /** The journal is the world: this process's own marks come back from it like everybody's. */
  #catchUp(): void {
    for (const mark of this.#journal.news()) this.#apply(mark)
  }

  #apply(mark: Mark): void {
    switch (mark.kind) {
      case 'launched':
        for (const machine of mark.machines) this.#machines.set(machine.id, machine)
        return this.#answered(
          mark.token,
          mark.machines.map(({ id }) => id),
        )
      case 'forgotten':
        this.#forgotten += mark.machines.length
        return this.#answered(mark.token, mark.machines)
      case 'ended':
        return this.#ended(mark)
      case 'reserved':
        this.#addresses.set(mark.uid, { key: mark.key, installation: mark.installation })
        return
      case 'released':
        this.#addresses.delete(mark.uid)
        return
      case 'asked':
        return
      default:
        return mark satisfies never
    }
  }

  #answered(token: string, machines: readonly MachineId[]): void {
    this.#tokens.set(token, machines)
    this.#number = Math.max(this.#number, this.#machines.size + this.#forgotten)
  }

  #ended({ machines, at, goneAt }: Extract<Mark, { kind: 'ended' }>): void {
    for (const id of machines) {
      const machine = this.#machines.get(id)
      if (machine !== undefined) this.#machines.set(id, { ...machine, endedAt: at, goneAt })
    }
  }
}

/** An offering may say how long its machines start: `startup-3s`. */
function startOf(offering: string): number | undefined {
  const seconds = /^startup-(\d+)s$/.exec(offering)?.[1]
  return seconds === undefined ? undefined : Number(seconds) * 1000
}
