import { regionOf } from './catalog.ts'
import { type Instance, lastOf, type Project } from './world.ts'

const usualLimits = {
  CPUS: 72_000,
  PREEMPTIBLE_CPUS: 72_000,
  INSTANCES: 72_000,
  IN_USE_ADDRESSES: 8_000,
  STATIC_ADDRESSES: 700,
  INTERNAL_ADDRESSES: 1_000,
  FIREWALLS: 500,
} as const

export type Metric = keyof typeof usualLimits

/** Limit and use of one metric: in a region, or with none in all the project. */
function quota(
  project: Project,
  region: string,
  metric: Metric,
): { readonly limit: number; readonly usage: number } {
  const limit = project.limits.get(`${metric} ${region}`) ?? usualLimits[metric]
  return { limit, usage: used[metric](project, region) }
}

/** How many more there may be. */
export function roomFor(project: Project, region: string, metric: Metric): number {
  const { limit, usage } = quota(project, region, metric)
  return limit - usage
}

export const limitOf = (project: Project, region: string, metric: Metric): number =>
  quota(project, region, metric).limit

export const usageOf = (project: Project, region: string): readonly object[] =>
  regional.map(metric => ({ metric, ...quota(project, region, metric) }))

const regional = [
  'CPUS',
  'PREEMPTIBLE_CPUS',
  'INSTANCES',
  'IN_USE_ADDRESSES',
  'STATIC_ADDRESSES',
] as const satisfies readonly Metric[]

/** What each takes of what is counted. */
export function costOf(
  project: Project,
  { machineType, isSpot, nic }: Pick<Instance, 'machineType' | 'isSpot' | 'nic'>,
): ReadonlyMap<Metric, number> {
  const cpus = project.catalog.machineTypes.get(machineType)?.cpus ?? 0
  return new Map([
    [isSpot ? 'PREEMPTIBLE_CPUS' : 'CPUS', cpus],
    ['INSTANCES', 1],
    ...(nic.natIp === undefined ? [] : [['IN_USE_ADDRESSES', 1] as const]),
  ])
}

const ofInstances =
  (metric: Metric) =>
  (project: Project, region: string): number =>
    [...project.instances.values()]
      .filter(
        ({ scope, stoppedAt }) =>
          regionOf(lastOf(scope)) === region && (stoppedAt === undefined || metric === 'INSTANCES'),
      )
      .reduce((sum, each) => sum + (costOf(project, each).get(metric) ?? 0), 0)

const ofAddresses =
  (kind: string) =>
  ({ addresses }: Project, region: string): number =>
    [...addresses.values()].filter(each => each.kind === kind && lastOf(each.scope) === region).length

const used: Readonly<Record<Metric, (project: Project, region: string) => number>> = {
  CPUS: ofInstances('CPUS'),
  PREEMPTIBLE_CPUS: ofInstances('PREEMPTIBLE_CPUS'),
  INSTANCES: ofInstances('INSTANCES'),
  IN_USE_ADDRESSES: ofInstances('IN_USE_ADDRESSES'),
  STATIC_ADDRESSES: ofAddresses('EXTERNAL'),
  INTERNAL_ADDRESSES: ofAddresses('INTERNAL'),
  FIREWALLS: ({ firewalls }) => firewalls.size,
}
