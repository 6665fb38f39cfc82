import { availableParallelism } from 'node:os'
import { InstancesClient } from '@google-cloud/compute/build/src/v1/instances_client.js'
import type { Call } from '../../../src/lib/call.ts'
import { isRecord } from '../../../src/lib/parse.ts'
import { wait } from '../../../src/lib/wait.ts'
import type { Gce } from '../../../test/support/gcp/gce.ts'
import { sdkOptions } from '../../../test/support/gcp/sdk.ts'
import { single } from '../../../test/support/gcp/sdk-desk.ts'
import type { Project } from '../../../test/support/gcp/world.ts'
import type { Singles } from '../lives/single.ts'
import { Threads } from '../lives/threads.ts'
import { type GcpPlot, regionName } from './plots.ts'

const once = { retry: null, timeout: 120_000 }
const zone = `${regionName}-a`
const lookMs = 500

/**
 * A request for each machine and each look at it, in the steps of dask-cloudprovider 2025.9.0's GCPCluster: insert, list by name
 * every half second until it runs, list twice more for its addresses; all workers at once, over five threads for each core;
 * delete each.
 */
export class GcpSingles implements Singles {
  readonly #project: Project
  readonly #client: InstancesClient
  readonly #call: Call
  readonly #threads = new Threads(5 * availableParallelism())

  constructor(gce: Gce, { project, key }: Pick<GcpPlot, 'project' | 'key'>, call: Call) {
    this.#project = project
    this.#call = call
    this.#client = new InstancesClient(sdkOptions(gce, key))
  }

  /** Whether all of them were made and seen to run. */
  async launch(workers: number): Promise<boolean> {
    if (!(await this.#isMade('scheduler'))) return false
    const names = Array.from({ length: workers }, (_, at) => `worker-${at}`)
    const all = await Promise.all(names.map(name => this.#isMade(name)))
    return all.every(Boolean)
  }

  async end(): Promise<void> {
    const { name: project, instances } = this.#project
    const names = [...instances.values()].map(({ name }) => name)
    await Promise.all(
      names.map(instance => this.#isTaken(() => this.#client.delete({ project, zone, instance }, once))),
    )
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  async #isMade(name: string): Promise<boolean> {
    const { name: project } = this.#project
    const instanceResource = single(name, zone)
    if (!(await this.#isTaken(() => this.#client.insert({ project, zone, instanceResource }, once))))
      return false
    for (let status = await this.#look(name); status !== 'RUNNING'; status = await this.#look(name)) {
      if (status === undefined) return false
      await wait(lookMs, this.#call)
    }
    // For its address inside, and for the one outside.
    return (await this.#look(name)) !== undefined && (await this.#look(name)) !== undefined
  }

  /** Its status; undefined where the look at it was refused. */
  async #look(name: string): Promise<string | undefined> {
    const asked = { project: this.#project.name, zone, filter: `name=${name}` }
    let status: string | undefined
    await this.#isTaken(async () => {
      const [[found]] = await this.#client.list(asked, once)
      status = found?.status ?? ''
    })
    return status
  }

  async #isTaken(ask: () => Promise<unknown>): Promise<boolean> {
    this.#call.signal.throwIfAborted()
    try {
      await this.#threads.run(ask)
      return true
    } catch (error) {
      if (isRefusal(error)) return false
      throw error
    }
  }
}

const isRefusal = (error: unknown): boolean => isRecord(error) && error['httpStatusCode'] === 403
