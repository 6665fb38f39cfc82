import { randomUUID } from 'node:crypto'
import { aTrustedIdentity } from '../server-identity.ts'
import { types } from './network.ts'
import { type Azure, type Entry, type Options, startAzure } from './server.ts'
import type { Principal } from './world.ts'

export const homeLocation = 'westeurope'
/** Where clusters may be that make no group: with a network that has a way out. */
export const homeGroup = 'acme-dask'

/** A simulated subscription with an operator's service principal, and a group and a network of its user. */
export interface AzureGround extends AsyncDisposable {
  readonly azure: Azure
  readonly operator: Principal
  /** Data of a Secret. */
  readonly secret: Readonly<Record<string, string>>
  /** What the operator's own configuration needs, so that it speaks to this world and to no other. */
  readonly environment: Readonly<Record<string, string>>
  /** Requests of an operation, in their order. */
  readonly asked: (operation: string) => readonly Entry[]
  /** Where requests and answers differed from what Azure describes, each once. */
  readonly differing: () => readonly string[]
  /** Everything that is there beside what the user has made. */
  readonly left: () => readonly string[]
}

export async function anAzureGround(options: Options = {}): Promise<AzureGround> {
  const { cert, key, environment } = await aTrustedIdentity('azure')
  const azure = await startAzure({ key, cert }, options)
  const { world, ledger, endpoint } = azure
  const operator = addPrincipal(azure)
  const own = [
    world.add(homeGroup, 'resourceGroups', homeGroup, { location: homeLocation }),
    world.add(homeGroup, types.network, 'hub', { location: homeLocation }),
  ]
  const [, hub] = own
  if (hub !== undefined)
    hub.properties = {
      subnets: [
        { name: 'dask', id: `${hub.id}/subnets/dask`, properties: { addressPrefix: '10.20.0.0/17' } },
      ],
    }
  return {
    azure,
    operator,
    secret: secretOf(operator),
    environment: {
      AZURE_RESOURCE_MANAGER_ENDPOINT: endpoint,
      AZURE_AUTHORITY_HOST: endpoint,
      ...environment,
    },
    asked: operation => ledger.filter(each => each.operation === operation),
    differing: () => [...new Set(ledger.flatMap(({ differs }) => differs))],
    left: () =>
      world
        .there()
        .filter(each => !own.includes(each))
        .map(({ type, name }) => `${type.split('/').at(-1) ?? ''} ${name}`),
    [Symbol.asyncDispose]: () => azure[Symbol.asyncDispose](),
  }
}

/** A service principal that may do everything, with a secret. */
export function addPrincipal({ world }: Pick<Azure, 'world'>): Principal {
  const made: Principal = {
    objectId: randomUUID(),
    tenantId: randomUUID(),
    clientId: randomUUID(),
    secrets: new Set([randomUUID()]),
    actions: undefined,
  }
  world.principals.push(made)
  return made
}

/** Data of a Secret. */
export const secretOf = ({ tenantId, clientId, secrets }: Principal): Readonly<Record<string, string>> => ({
  tenantId,
  clientId,
  clientSecret: [...secrets].at(-1) ?? '',
})
