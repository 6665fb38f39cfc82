import { Memo } from '../../lib/memo.ts'
import { steadyNow } from '../../lib/steady.ts'
import type { ClusterUid } from '../../model/names.ts'
import { NoCapacity } from '../capacity.ts'
import { KnownMachines } from '../known-machines.ts'
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
  readonly machines: KnownMachines
  readonly subnets: Memo<readonly Subnet[]>
  readonly sizes: Memo<readonly Size[]>
  readonly images: Memo<Image>
  /** Lists lag: the last move of each cluster is not taken back because of an old one. */
  readonly moves = new Map<ClusterUid, Move>()

  constructor(now: () => number = steadyNow) {
    this.machines = new KnownMachines(now)
    this.gate = awsGate(now)
    this.outOfStock = new NoCapacity(now)
    this.subnets = new Memo(rememberMs, now)
    this.sizes = new Memo(rememberMs, now)
    this.images = new Memo(rememberMs, now)
  }
}
