import { GceFailure } from './failure.ts'
import type { Trouble } from './operations.ts'
import { costOf, limitOf, roomFor } from './quotas.ts'
import type { Wish } from './wishes.ts'
import type { Project, Stock } from './world.ts'

interface Spread {
  readonly zones: readonly string[]
  readonly count: number
  readonly shape: string
}

/** How many machines each zone gives. */
export function sharesOf(
  project: Project,
  wish: Wish,
  { zones, count, shape }: Spread,
): ReadonlyMap<string, number> {
  const there = zones.map(
    zone => [zone, Math.min(count, stockOf(project, wish, zone)?.left ?? count)] as const,
  )
  if (shape === 'ANY_SINGLE_ZONE') {
    const most = there.reduce((best, each) => (each[1] > best[1] ? each : best))
    return new Map([most])
  }
  const shares = new Map<string, number>()
  for (let left = count, open = there; left > 0 && open.length > 0; ) {
    const each = shape === 'BALANCED' ? Math.ceil(left / open.length) : left
    const [zone, most] = open[0] ?? ['', 0]
    shares.set(zone, Math.min(each, most))
    left -= Math.min(each, most)
    open = open.slice(1)
  }
  return shares
}

/** As `stock` has it. */
export const stockKey = (machineType: string, zone: string, isSpot: boolean): string =>
  `${machineType} ${zone} ${isSpot ? 'SPOT' : 'STANDARD'}`

const stockOf = (project: Project, { machineType, schedule }: Wish, zone: string): Stock | undefined =>
  project.stock.get(stockKey(machineType, zone, schedule.isSpot))

export function take(project: Project, wish: Wish, zone: string, count: number): void {
  const stock = stockOf(project, wish, zone)
  if (stock !== undefined) stock.left -= count
}

/** What a zone says that has no machine of a kind left. */
export function exhausted(project: Project, wish: Wish, zone: string, wanted: number): Trouble | undefined {
  const stock = stockOf(project, wish, zone)
  if (stock === undefined || stock.left >= wanted) return undefined
  const message = `The zone 'projects/${project.name}/zones/${zone}' does not have enough resources available to fulfill the request.  Try a different zone, or try again later.`
  return { code: stock.code, message }
}

/** Some lacks are told of at once, and no operation begins. */
export function refuseAtOnce(project: Project, wish: Wish, zones: readonly string[]): void {
  const status = zones.map(zone => stockOf(project, wish, zone)?.status).find(each => each !== undefined)
  if (status !== undefined)
    throw new GceFailure(
      status,
      'insufficientCapacity',
      `There is no capacity for ${wish.machineType} in ${zones.join(', ')}.`,
    )
}

/** What a region says whose quota does not do for so many. */
export function overQuota(project: Project, wish: Wish, region: string, count: number): Trouble | undefined {
  const nic = { network: '', subnetwork: '', ip: '', natIp: wish.natIp }
  const cost = costOf(project, { machineType: wish.machineType, isSpot: wish.schedule.isSpot, nic })
  const over = [...cost].find(([metric, each]) => each * count > roomFor(project, region, metric))
  if (over === undefined) return undefined
  const limit = limitOf(project, region, over[0])
  return {
    code: 'QUOTA_EXCEEDED',
    message: `Quota '${over[0]}' exceeded.  Limit: ${limit}.0 in region ${region}.`,
  }
}
