import { Memo } from '../../lib/memo.ts'
import { steadyNow } from '../../lib/steady.ts'
import type { ClusterUid } from '../../model/names.ts'
import { NoCapacity } from '../capacity.ts'
import { KnownMachines } from '../known-machines.ts'
import { Broom } from './broom.ts'
import { Ending } from './ending.ts'
import { Off } from './off.ts'
import type { Form } from './rules.ts'
import type { Firewall, Size } from './sdk.ts'
import type { KnownImage } from './sizes.ts'
import { Tries } from './tries.ts'

const rememberMs = 300_000
/** What was made shows in lists within this time, and what was ended is gone. */
const hidingMs = 45_000
const sizesMs = 600_000
/** Whoever changes a firewall of ours by hand is found out so late. */
const firewallsMs = 60_000

/** What one team has in common, whoever asks: what is out of stock, what rarely changes, what this process has asked for. */
export class DigitalOceanTeam {
  readonly outOfStock: NoCapacity
  readonly machines: KnownMachines
  readonly tries: Tries
  readonly broom: Broom
  readonly sizes: Memo<ReadonlyMap<string, Size>>
  readonly images: Memo<KnownImage>
  readonly ending: Ending
  readonly off: Off
  /** Requests that the last list of droplets took. */
  pages = 1
  /** So many clouds here make firewalls: whoever lists for them has to see them. */
  makers = 0
  /** What DigitalOcean has made of firewalls that were asked for, in its own words. */
  readonly forms = new Map<ClusterUid, Form>()
  #hiddenSince: number | undefined
  #firewalls: Memo<readonly Firewall[]>
  readonly #now: () => number

  constructor(now: () => number = steadyNow) {
    this.#now = now
    this.outOfStock = new NoCapacity(now)
    this.machines = new KnownMachines(now)
    this.tries = new Tries(now)
    this.broom = new Broom(now)
    this.ending = new Ending(now)
    this.off = new Off(now)
    this.sizes = new Memo(sizesMs, now)
    this.images = new Memo(rememberMs, now)
    this.#firewalls = new Memo(firewallsMs, now)
  }

  /** They change when this process changes them, and hardly otherwise. */
  firewalls(look: () => Promise<readonly Firewall[]>): Promise<readonly Firewall[]> {
    return this.#firewalls.of('all', look)
  }

  /** Whether tags of ours have been on droplets for long, and no list has shown one. */
  isHiding(hasUsedTags: boolean): boolean {
    if (!hasUsedTags) this.#hiddenSince = undefined
    else this.#hiddenSince ??= this.#now()
    return this.#hiddenSince !== undefined && this.#now() - this.#hiddenSince >= hidingMs
  }

  firewallsChanged(): void {
    this.#firewalls = new Memo(firewallsMs, this.#now)
  }
}
