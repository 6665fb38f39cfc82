import { Memo } from '../../lib/memo.ts'
import { steadyNow } from '../../lib/steady.ts'
import type { ClusterUid, InstallationId, MachineId } from '../../model/names.ts'
import { NoCapacity } from '../capacity.ts'
import { type AwsGate, awsGate } from './calls.ts'
import type { Image, Size } from './images.ts'
import type { Subnet } from './subnets.ts'

const rememberMs = 300_000

/** Of a scheduler's address: the interface that was given up, and where the other one is made. */
export interface Move {
  readonly from: string
  readonly to: Subnet
}

/** What one account and region have in common, whoever asks: their rates, what is out of stock, and what rarely changes. */
export class AwsAccount {
  readonly gate: AwsGate
  readonly outOfStock: NoCapacity
  readonly subnets: Memo<readonly Subnet[]>
  readonly sizes: Memo<readonly Size[]>
  readonly images: Memo<Image>
  /** Lists lag: the last move of each cluster is not taken back because of an old one. */
  readonly moves = new Map<ClusterUid, Move>()
  readonly #now: () => number
  readonly #machines = new Map<InstallationId, Map<MachineId, number>>()

  constructor(now: () => number = steadyNow) {
    this.#now = now
    this.gate = awsGate(now)
    this.outOfStock = new NoCapacity(now)
    this.subnets = new Memo(rememberMs, now)
    this.sizes = new Memo(rememberMs, now)
    this.images = new Memo(rememberMs, now)
  }

  /** Machines that are certainly of this installation: listed with a good seal, or made by this process. */
  meet(installation: InstallationId, machines: Iterable<MachineId>): void {
    const known = this.#machines.get(installation) ?? new Map<MachineId, number>()
    for (const id of machines) known.set(id, known.get(id) ?? this.#now())
    this.#machines.set(installation, known)
  }

  /** How long this process has known a machine, in milliseconds; undefined where it does not. */
  ageMs(installation: InstallationId, machine: MachineId): number | undefined {
    const at = this.#machines.get(installation)?.get(machine)
    return at === undefined ? undefined : this.#now() - at
  }

  /** Ended machines are listed for an hour and then no more. */
  keepOnly(installation: InstallationId, listed: ReadonlySet<MachineId>): void {
    const known = this.#machines.get(installation)
    for (const [id, at] of known ?? []) if (!listed.has(id) && this.#now() - at > 3_600_000) known?.delete(id)
  }
}
