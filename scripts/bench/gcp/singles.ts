import { availableParallelism } from 'node:os'
import { InstancesClient } from '@google-cloud/compute/build/src/v1/instances_client.js'
import { type Call, within } from '../../../src/lib/call.ts'
import { isRecord } from '../../../src/lib/parse.ts'
import { poll, wait } from '../../../src/lib/wait.ts'
import { leftIn } from '../../../test/support/gcp/lives.ts'
import { sdkOptions } from '../../../test/support/gcp/sdk.ts'
import { single } from '../../../test/support/gcp/sdk-desk.ts'
import { isCreate, type Life, lastCreateAt, partOf } from './parts.ts'
import { type Plot, regionName, type Site } from './site.ts'

export interface SingleLife extends Life {
  /** `broken` where a request was refused: nothing in it is tried again. */
  readonly kind: 'whole' | 'broken'
  /** Machines that were made. */
  readonly made: number
}

const once = { retry: null, timeout: 120_000 }
const zone = `${regionName}-a`
const lookMs = 500
const lifeMs = 600_000

/**
 * A cluster with a request for each machine and each look at it, in the steps of dask-cloudprovider 2025.9.0's GCPCluster:
 * insert, list by name every half second until it runs, list twice more for its addresses; all workers at once, over
 * five threads for each core; delete each. Its scheduler answers at once.
 */
export async function singleLife(site: Site, workers: number, call: Call): Promise<SingleLife> {
  const plot = site.plot()
  const singles = new Singles(site, plot, within(call, lifeMs))
  const from = Date.now()
  const isWhole = await singles.launch(workers)
  const ranAt = Date.now()
  const launched = plot.heard()
  const endFrom = Date.now()
  const made = plot.project.instances.size
  await singles.end()
  await poll(() => (leftIn(plot.project).length === 0 ? true : undefined), 100, within(call, lifeMs))
  await singles.close()
  const madeAt = lastCreateAt(launched)
  return {
    workers,
    kind: isWhole ? 'whole' : 'broken',
    made,
    creates: launched.filter(isCreate).length,
    launch: partOf(launched, { from, to: madeAt }),
    start: partOf(launched, { from: madeAt, to: ranAt }),
    end: partOf(plot.heard(), { from: endFrom, to: Date.now() }),
  }
}

/** Threads that each carry one request at a time; whoever comes first is served first. */
class Threads {
  readonly #waiting: (() => void)[] = []
  #free: number

  constructor(count: number) {
    this.#free = count
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>(resolve => this.#waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free += 1
      else next()
    }
  }
}

class Singles {
  readonly #plot: Plot
  readonly #client: InstancesClient
  readonly #call: Call
  readonly #threads = new Threads(5 * availableParallelism())

  constructor({ gce }: Site, plot: Plot, call: Call) {
    this.#plot = plot
    this.#call = call
    this.#client = new InstancesClient(sdkOptions(gce, plot.key))
  }

  /** Whether all of them were made and seen to run. */
  async launch(workers: number): Promise<boolean> {
    if (!(await this.#isMade('scheduler'))) return false
    const names = Array.from({ length: workers }, (_, at) => `worker-${at}`)
    const all = await Promise.all(names.map(name => this.#isMade(name)))
    return all.every(Boolean)
  }

  async end(): Promise<void> {
    const { name: project, instances } = this.#plot.project
    const names = [...instances.values()].map(({ name }) => name)
    await Promise.all(
      names.map(instance => this.#isTaken(() => this.#client.delete({ project, zone, instance }, once))),
    )
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  async #isMade(name: string): Promise<boolean> {
    const { name: project } = this.#plot.project
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
    const asked = { project: this.#plot.project.name, zone, filter: `name=${name}` }
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
