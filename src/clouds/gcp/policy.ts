import { type CallFacts, calls } from './calls.ts'

/** As `gcloud iam roles create --file` takes it. */
export interface CustomRole {
  readonly title: string
  readonly description: string
  readonly stage: 'GA'
  readonly includedPermissions: readonly string[]
}

export interface RoleWish {
  /** `all` where the network is in the project of the machines; of a shared VPC the `service` project has them, and the `host` the network. */
  readonly of: 'all' | 'service' | 'host'
  /** Whether rules of the firewall are the operator's to make: never in a shared VPC, nor where clusters say `firewall: None`. */
  readonly makesRules: boolean
  /** Whether clusters may give their machines a service account. */
  readonly givesServiceAccounts: boolean
}

const facts: readonly CallFacts[] = Object.values(calls)

/** The least that the operator needs, made of the calls it makes. Sorted, each permission once. */
export function roleFor(wish: RoleWish): CustomRole {
  const { of } = wish
  const granted = facts.flatMap(each => [
    ...(of === 'host' ? [] : ofMachines(each, wish)),
    ...(of === 'service' ? [] : (each.network ?? [])),
  ])
  return { ...titles[of], stage: 'GA', includedPermissions: [...new Set(granted)].toSorted() }
}

const ofMachines = (
  { permissions, firewall = [], withServiceAccount = [] }: CallFacts,
  { of, makesRules, givesServiceAccounts }: RoleWish,
): readonly string[] => [
  ...permissions,
  ...(makesRules && of === 'all' ? firewall : []),
  ...(givesServiceAccounts ? withServiceAccount : []),
]

const titles = {
  all: {
    title: 'Dask cloud operator',
    description: 'Machines of Dask clusters, their addresses and firewall rules',
  },
  service: {
    title: 'Dask cloud operator',
    description: 'Machines of Dask clusters and their addresses, in a shared network',
  },
  host: {
    title: 'Dask cloud operator, network',
    description: 'The shared network of Dask clusters, in its host project',
  },
} as const
