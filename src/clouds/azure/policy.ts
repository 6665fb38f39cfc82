import { type CallFacts, calls } from './calls.ts'

/** As `az role definition create --role-definition @FILE` takes it. */
export interface CustomRole {
  readonly Name: string
  readonly IsCustom: true
  readonly Description: string
  readonly Actions: readonly string[]
  readonly NotActions: readonly string[]
  readonly AssignableScopes: readonly string[]
}

export type RoleWish =
  /** On the subscription: clusters have groups of their own, which are made and deleted. */
  | { readonly of: 'whole'; readonly subscription: string }
  /** On the one group that all clusters name in `resourceGroup`. */
  | { readonly of: 'group'; readonly subscription: string; readonly resourceGroup: string }
  /** On the subscription beside that: it reads, and changes nothing. */
  | { readonly of: 'reads'; readonly subscription: string }
  /** On the group of a virtual network or network security group of the user's. */
  | { readonly of: 'network'; readonly subscription: string; readonly resourceGroup: string }

const facts: readonly CallFacts[] = Object.values(calls)

/** The least that the operator needs, made of the calls it makes. Sorted, each action once. */
export function roleFor(wish: RoleWish): CustomRole {
  const granted = facts.flatMap(each => parts[wish.of].flatMap(part => each[part] ?? []))
  return {
    Name: titles[wish.of].name,
    IsCustom: true,
    Description: titles[wish.of].description,
    Actions: [...new Set(granted)].toSorted(),
    NotActions: [],
    AssignableScopes: [scopeOf(wish)],
  }
}

/** Where the role is assigned. */
export const scopeOf = (wish: RoleWish): string =>
  'resourceGroup' in wish
    ? `/subscriptions/${wish.subscription}/resourceGroups/${wish.resourceGroup}`
    : `/subscriptions/${wish.subscription}`

type Part = 'actions' | 'subscription' | 'ownGroups' | 'network' | 'makesNetworks' | 'makesRules'

const inGroup = ['actions', 'network', 'makesNetworks', 'makesRules'] as const

const parts: Readonly<Record<RoleWish['of'], readonly Part[]>> = {
  whole: [...inGroup, 'subscription', 'ownGroups'],
  group: inGroup,
  reads: ['subscription'],
  network: ['network'],
}

const titles: Readonly<Record<RoleWish['of'], { readonly name: string; readonly description: string }>> = {
  whole: {
    name: 'Dask cloud operator',
    description: 'Machines of Dask clusters, their networks and resource groups',
  },
  group: {
    name: 'Dask cloud operator, resource group',
    description: 'Machines of Dask clusters and their networks, in one resource group',
  },
  reads: {
    name: 'Dask cloud operator, reads',
    description: 'What Dask clusters in one resource group need to read of the subscription',
  },
  network: {
    name: 'Dask cloud operator, network',
    description: 'The network of Dask clusters, in a resource group of its own',
  },
}
