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
  /** Whether rules of the firewall are the operator's to make, as they are unless clusters say `firewall: None`. */
  readonly makesRules: boolean
  /** Whether clusters may give their machines a service account. */
  readonly givesServiceAccounts: boolean
}

const facts: readonly CallFacts[] = Object.values(calls)

/** The least that the operator needs, made of the calls it makes. Sorted, each permission once. */
export function roleFor({ of, makesRules, givesServiceAccounts }: RoleWish): CustomRole {
  const ofMachines = facts.flatMap(({ permissions, withServiceAccount = [] }) => [
    ...permissions,
    ...(givesServiceAccounts ? withServiceAccount : []),
  ])
  const ofNetwork = facts.flatMap(({ network = [], firewall = [] }) => [
    ...network,
    ...(makesRules ? firewall : []),
  ])
  const granted = { all: [...ofMachines, ...ofNetwork], service: ofMachines, host: ofNetwork }[of]
  return {
    title: of === 'host' ? 'Dask cloud operator, network' : 'Dask cloud operator',
    description: {
      all: 'Machines of Dask clusters, their addresses and firewall rules',
      service: 'Machines of Dask clusters and their addresses, in a shared network',
      host: 'The shared network of Dask clusters, in its host project',
    }[of],
    stage: 'GA',
    includedPermissions: [...new Set(granted)].toSorted(),
  }
}
