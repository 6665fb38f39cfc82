import { availableParallelism } from 'node:os'
import { ComputeManagementClient } from '@azure/arm-compute'
import { NetworkManagementClient } from '@azure/arm-network'
import { ClientSecretCredential } from '@azure/identity'
import type { Call } from '../../../src/lib/call.ts'
import { isRecord } from '../../../src/lib/parse.ts'
import { homeLocation, secretOf } from '../../../test/support/azure/azure-ground.ts'
import { types } from '../../../test/support/azure/network.ts'
import type { Azure } from '../../../test/support/azure/server.ts'
import type { Singles } from '../lives/single.ts'
import { Threads } from '../lives/threads.ts'
import type { AzurePlot } from './plots.ts'

const rules = 'open'
const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBfJ6qzxrBMUiWkcf0qkPpRZ7d8mJmQ0vMZ8Wl9oQX3d bench'

/**
 * A request for each thing and each look at it, in the steps of dask-cloudprovider 2025.9.0's AzureVMCluster: its rules looked up,
 * an interface made and waited for, a machine made and waited for, both looked up; all workers at once, over five threads for
 * each core. Each machine deleted and waited for, the disks listed and its own deleted, its interface deleted.
 */
export class AzureSingles implements Singles {
  readonly #compute: ComputeManagementClient
  readonly #network: NetworkManagementClient
  readonly #plot: AzurePlot
  readonly #call: Call
  readonly #threads = new Threads(5 * availableParallelism())
  readonly #made: string[] = []

  constructor({ world, endpoint }: Azure, plot: AzurePlot, call: Call) {
    const { tenantId = '', clientId = '', clientSecret = '' } = secretOf(plot.principal)
    const credential = new ClientSecretCredential(tenantId, clientId, clientSecret, {
      authorityHost: endpoint,
      disableInstanceDiscovery: true,
    })
    const options = {
      endpoint,
      credentials: { scopes: ['https://management.azure.com/.default'] },
      retryOptions: { maxRetries: 0 },
    }
    world.add(plot.name, types.rules, rules, { location: homeLocation })
    this.#compute = new ComputeManagementClient(credential, world.subscriptionId, options)
    this.#network = new NetworkManagementClient(credential, world.subscriptionId, options)
    this.#plot = plot
    this.#call = call
  }

  async launch(workers: number): Promise<boolean> {
    if (!(await this.#isTaken(() => this.#make('scheduler')))) return false
    const names = Array.from({ length: workers }, (_, at) => `worker-${at}`)
    const all = await Promise.all(names.map(name => this.#isTaken(() => this.#make(name))))
    return all.every(Boolean)
  }

  async end(): Promise<void> {
    await Promise.all(this.#made.map(name => this.#isTaken(() => this.#end(name))))
    await this.#network.networkSecurityGroups.delete(this.#plot.name, rules)
  }

  async close(): Promise<void> {}

  async #make(name: string): Promise<void> {
    const { name: group, subnetId } = this.#plot
    const { id = '' } = await this.#network.networkSecurityGroups.get(group, rules)
    const { id: nic = '' } = await this.#network.networkInterfaces.createOrUpdate(group, `nic-${name}`, {
      location: homeLocation,
      ipConfigurations: [{ name: 'one', subnet: { id: subnetId } }],
      networkSecurityGroup: { id },
    })
    this.#made.push(name)
    await this.#compute.virtualMachines.createOrUpdate(group, name, {
      location: homeLocation,
      hardwareProfile: { vmSize: 'Standard_D4s_v5' },
      osProfile: {
        computerName: name,
        adminUsername: 'dask',
        linuxConfiguration: {
          disablePasswordAuthentication: true,
          ssh: { publicKeys: [{ path: '/home/dask/.ssh/authorized_keys', keyData: key }] },
        },
      },
      storageProfile: {
        imageReference: {
          publisher: 'Canonical',
          offer: 'ubuntu-24_04-lts',
          sku: 'server',
          version: '24.04.202608010',
        },
        osDisk: { name: `disk-${name}`, createOption: 'FromImage', diskSizeGB: 50 },
      },
      networkProfile: { networkInterfaces: [{ id: nic }] },
    })
    await this.#compute.virtualMachines.get(group, name)
    await this.#network.networkInterfaces.get(group, `nic-${name}`)
  }

  async #end(name: string): Promise<void> {
    const { name: group } = this.#plot
    await this.#compute.virtualMachines.delete(group, name)
    const disks = this.#compute.disks.listByResourceGroup(group)
    for await (const disk of disks)
      if (disk.name === `disk-${name}`) await this.#compute.disks.delete(group, disk.name)
    await this.#network.networkInterfaces.delete(group, `nic-${name}`)
  }

  /** A thread is held until all of it is done. */
  async #isTaken(ask: () => Promise<unknown>): Promise<boolean> {
    this.#call.signal.throwIfAborted()
    try {
      await this.#threads.run(ask)
      return true
    } catch (error) {
      if (isRecord(error) && error['statusCode'] === 429) return false
      throw error
    }
  }
}
