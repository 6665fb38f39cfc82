import { setTimeout as sleep } from 'node:timers/promises'
import { isAxiosError } from 'axios'
import { createApiClient } from 'dots-wrapper'
import type { Call } from '../../../src/lib/call.ts'
import type { DigitalOcean } from '../../../test/support/digitalocean/server.ts'
import type { Singles } from '../lives/single.ts'
import { Threads } from '../lives/threads.ts'
import type { DigitalOceanPlot } from './plots.ts'

/**
 * A request for each droplet and each look at it, in the steps of dask-cloudprovider 2025.9.0's DropletCluster: the scheduler, then
 * all workers at once; each made, then looked at until it runs, a tenth of a second between two looks, and one request at a time of
 * all, since each holds up its process. A request for the end of each.
 */
export class DigitalOceanSingles implements Singles {
  readonly #api: ReturnType<typeof createApiClient>
  readonly #call: Call
  readonly #process = new Threads(1)
  readonly #made: number[] = []

  constructor({ endpoint }: DigitalOcean, { token }: DigitalOceanPlot, call: Call) {
    this.#api = createApiClient({
      endpoint: `${endpoint}/v2`,
      token: token.value,
      requestTimeoutInMs: 30_000,
    })
    this.#call = call
  }

  async launch(workers: number): Promise<boolean> {
    if (!(await this.#make('scheduler'))) return false
    const names = Array.from({ length: workers }, (_, at) => `worker-${at}`)
    return (await Promise.all(names.map(name => this.#make(name)))).every(Boolean)
  }

  async end(): Promise<void> {
    // What was made is ended, whatever it takes.
    for (const id of this.#made)
      while ((await this.#taken(() => this.#api.droplet.deleteDroplet({ droplet_id: id }))) === undefined)
        await sleep(1_000, undefined, this.#call)
  }

  async close(): Promise<void> {}

  /** Whether it was made and seen to run. */
  async #make(name: string): Promise<boolean> {
    const { droplet } = this.#api
    const wish = { name, region: 'nyc3', size: 's-4vcpu-8gb', image: 'ubuntu-24-04-x64' }
    const made = await this.#taken(() => droplet.createDroplet(wish))
    if (made === undefined) return false
    const { id } = made.data.droplet
    this.#made.push(id)
    for (;;) {
      const found = await this.#taken(() => droplet.getDroplet({ droplet_id: id }))
      if (found === undefined) return false
      const { status, networks } = found.data.droplet
      if (status === 'active' && networks.v4.length > 0) return true
      await sleep(100, undefined, this.#call)
    }
  }

  /** Nothing is tried again where DigitalOcean asks for fewer requests: undefined then. */
  async #taken<T>(ask: () => Promise<T>): Promise<T | undefined> {
    this.#call.signal.throwIfAborted()
    try {
      return await this.#process.run(ask)
    } catch (error) {
      if (isAxiosError(error) && error.response?.status === 429) return undefined
      throw error
    }
  }
}
