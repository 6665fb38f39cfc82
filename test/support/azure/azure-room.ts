import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { roleFor } from '../../../src/clouds/azure/policy.ts'
import type { Asked } from '../clouds/script.ts'
import type { ClusterObject } from '../cluster-desk.ts'
import type { SharedControlPlane } from '../control-plane.ts'
import { OperatorRoom } from '../operator-room.ts'
import { ownAddress } from '../own-address.ts'
import { aServerIdentity } from '../server-identity.ts'
import { changeCredentials, makeCredentials } from '../tenant-secrets.ts'
import { addPrincipal, homeLocation, secretOf } from './azure-ground.ts'
import { machineType } from './machines.ts'
import { armModel } from './model.ts'
import { types } from './network.ts'
import { type Azure, type Entry, startAzure } from './server.ts'
import { lower, type Principal, type Resource, type Tempo } from './world.ts'

/** A simulated Azure, and one operator that reaches it through the real SDK and serves whoever has a principal there. */
export interface AzureRoom extends AsyncDisposable {
  readonly room: OperatorRoom
  readonly azure: Azure
  /** A resource group and a network of its own, with a service principal whose secret is in a Secret. */
  readonly tenant: (name: string) => Promise<AzureTenant>
}

/** Azure's machines are Deleting for longer than this: several lists show it. */
const deleteMs = 6_000

/**
 * Opens it. No Dask answers at its machines: their addresses are this machine's own and refuse whoever dials, and nobody is
 * given up for that.
 */
export async function azureRoom(plane: SharedControlPlane, tempo: Partial<Tempo> = {}): Promise<AzureRoom> {
  await using all = new AsyncDisposableStack()
  const { authority, cert, key } = aServerIdentity()
  const azure = all.use(
    await startAzure({ key, cert }, { model: await armModel(), tempo: { bootMs: 500, deleteMs, ...tempo } }),
  )
  azure.world.privateIp = (_prefix, number) => ownAddress(number)
  const room = all.use(await OperatorRoom.openApart(plane))
  const trusted = join(room.directory, 'azure.pem')
  await writeFile(trusted, authority)
  room.operator({
    settings: { 'join-timeout': '1h', concurrency: '32' },
    env: {
      AZURE_RESOURCE_MANAGER_ENDPOINT: azure.endpoint,
      AZURE_AUTHORITY_HOST: azure.endpoint,
      NODE_EXTRA_CA_CERTS: trusted,
    },
  })
  const own = all.move()
  return {
    room,
    azure,
    tenant: name => AzureTenant.open({ room, azure, name }),
    [Symbol.asyncDispose]: () => own.disposeAsync(),
  }
}

interface Place {
  readonly room: OperatorRoom
  readonly azure: Azure
  readonly name: string
}

/** One principal, what is asked for it, and what it has in a group of its own. */
export class AzureTenant {
  readonly group: string
  readonly principal: Principal
  readonly #place: Place

  private constructor(place: Place) {
    const { azure, name } = place
    this.#place = place
    this.group = `acme-${name}`
    this.principal = addPrincipal(azure)
    const role = roleFor({ of: 'whole', subscription: azure.world.subscriptionId })
    this.principal.actions = new Set(role.Actions.map(lower))
    azure.world.add(this.group, 'resourceGroups', this.group, { location: homeLocation })
    const network = azure.world.add(this.group, types.network, 'hub', { location: homeLocation })
    network.properties = {
      subnets: [
        { name: 'dask', id: `${network.id}/subnets/dask`, properties: { addressPrefix: '10.20.0.0/17' } },
      ],
    }
  }

  static async open(place: Place): Promise<AzureTenant> {
    const tenant = new AzureTenant(place)
    await makeCredentials(place.room, place.name, secretOf(tenant.principal))
    return tenant
  }

  create(name: string, workers: object, spec: object = {}, azure: object = {}): Promise<ClusterObject> {
    const { room, azure: cloud } = this.#place
    const { subscriptionId } = cloud.world
    const { group: resourceGroup } = this
    const subnet = { resourceGroup, virtualNetwork: 'hub', name: 'dask' }
    return room.clusters.create(name, 0, {
      cloud: {
        local: null,
        azure: { subscriptionId, location: homeLocation, resourceGroup, subnet, ...azure },
      },
      credentialsSecretRef: { name: this.#place.name },
      scheduler: { size: 'Standard_D2s_v5' },
      workers: { sizes: ['Standard_D4s_v5'], ...workers },
      network: { exposure: 'Private', allowedCIDRs: ['127.0.0.0/8'] },
      ...spec,
    })
  }

  /** The secrets that were given until now are good for no token any more, and no token for anything. */
  revoke(): void {
    this.principal.secrets.clear()
    for (const [token, { principal }] of this.#place.azure.world.tokens)
      if (principal === this.principal) this.#place.azure.world.tokens.delete(token)
  }

  /** Another secret in its Secret. */
  rotate(): Promise<void> {
    this.principal.secrets.add(crypto.randomUUID())
    return changeCredentials(this.#place.room, this.#place.name, secretOf(this.principal))
  }

  /** It may not do this any more, until it is given back. */
  withhold(action: string): () => void {
    const all = this.principal.actions
    this.principal.actions = new Set([...(all ?? [])].filter(each => each !== lower(action)))
    return () => {
      this.principal.actions = all
    }
  }

  /** What it asked of Azure, of one operation or of all. */
  asked(operation?: string): readonly Entry[] {
    return this.#place.azure.ledger.filter(
      each =>
        each.by === this.principal.objectId && (operation === undefined || each.operation === operation),
    )
  }

  /** Lists of machines: two of them are asked for at once. */
  get lists(): readonly Entry[] {
    return this.asked('networkInterfaces.listAll')
  }

  get launches(): readonly Entry[] {
    return this.asked('virtualMachines.createOrUpdate')
  }

  /** Names of machines that were asked for, each once. */
  get made(): ReadonlySet<string> {
    return new Set(this.launches.map(({ path }) => path.split('/').at(-1) ?? ''))
  }

  /** For the script. */
  readonly whenLaunch = ({ by, method }: Asked): boolean =>
    by === this.principal.objectId && method === 'virtualMachines.createOrUpdate'

  readonly whenWorker = (asked: Asked): boolean =>
    this.whenLaunch(asked) && JSON.stringify(asked.body).includes('"dask-role":"worker"')

  get alive(): readonly Resource[] {
    return this.#own(machineType).filter(each => each.properties['provisioningState'] !== 'Deleting')
  }

  get workers(): readonly Resource[] {
    return this.alive.filter(({ body }) => body.tags?.['dask-role'] === 'worker')
  }

  get isAtRest(): boolean {
    return this.alive.every(({ states }) => states.includes('PowerState/running'))
  }

  /** What still costs money, or clutters the group. */
  get left(): readonly string[] {
    return this.#own().flatMap(({ type, name }) =>
      name === 'hub' || name === this.group ? [] : [`${type.split('/').at(-1) ?? ''} ${name}`],
    )
  }

  #own(type?: string): readonly Resource[] {
    return this.#place.azure.world.there(type).filter(each => lower(each.group) === lower(this.group))
  }
}
