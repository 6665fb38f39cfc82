import { Memo } from '../../lib/memo.ts'
import { steadyNow } from '../../lib/steady.ts'
import type { MachineId } from '../../model/names.ts'
import { NoCapacity } from '../capacity.ts'
import { KnownMachines } from '../known-machines.ts'
import { AzureGate } from './gate.ts'
import { Ghosts } from './ghosts.ts'
import type { Image } from './images.ts'
import { Leftovers } from './leftovers.ts'
import type { Site } from './sites.ts'
import type { Size } from './sizes.ts'
import { Surroundings } from './surroundings.ts'

const rememberMs = 300_000
/** One list of sizes is megabytes. */
const sizesMs = 3_600_000

/** What one principal has in common in one subscription, whoever asks: its rates, what is out of stock, what rarely changes. */
export class AzureSubscription {
  readonly gate: AzureGate
  readonly outOfStock: NoCapacity
  readonly machines: KnownMachines
  readonly leftovers: Leftovers
  readonly ghosts: Ghosts
  readonly surroundings: Surroundings
  readonly sites: Memo<Site>
  readonly groups: Memo<void>
  readonly sizes: Memo<ReadonlyMap<string, Size>>
  readonly images: Memo<Image>
  /** Why Azure could not make a machine, until it is gone. */
  readonly problems = new Map<MachineId, string>()

  constructor(now: () => number = steadyNow) {
    this.gate = new AzureGate(now)
    this.ghosts = new Ghosts(now)
    this.surroundings = new Surroundings(now, () => this.gate.changes)
    this.outOfStock = new NoCapacity(now)
    this.machines = new KnownMachines(now)
    this.leftovers = new Leftovers(now)
    this.sites = new Memo(rememberMs, now)
    this.groups = new Memo(rememberMs, now)
    this.sizes = new Memo(sizesMs, now)
    this.images = new Memo(rememberMs, now)
  }
}
