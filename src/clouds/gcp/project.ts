import { Memo } from '../../lib/memo.ts'
import { steadyNow } from '../../lib/steady.ts'
import { NoCapacity } from '../capacity.ts'
import { KnownMachines } from '../known-machines.ts'
import { type GcpGate, gcpGate } from './gate.ts'
import type { Image, Size } from './images.ts'
import type { Site } from './sites.ts'
import { Tries } from './tries.ts'

const rememberMs = 300_000

/** What one project has in common, whoever asks: its rates, what is out of stock, and what rarely changes. */
export class GcpProject {
  readonly gate: GcpGate
  readonly outOfStock: NoCapacity
  readonly machines: KnownMachines
  readonly sites: Memo<Site>
  readonly sizes: Memo<Size>
  readonly images: Memo<Image>
  readonly tries = new Tries()

  constructor(now: () => number = steadyNow) {
    this.gate = gcpGate(now)
    this.outOfStock = new NoCapacity(now)
    this.machines = new KnownMachines(now)
    this.sites = new Memo(rememberMs, now)
    this.sizes = new Memo(rememberMs, now)
    this.images = new Memo(rememberMs, now)
  }
}
