import { join } from 'node:path'
import type { ProcessMark } from '../../src/clouds/local/processes.ts'
import type { Call } from '../../src/lib/call.ts'
import { compute, computed, refusal, type User, writeFiles } from './client.ts'
import { type Machines, running } from './machines.ts'
import type { Patience } from './patience.ts'
import type { Timeline } from './timeline.ts'
import type { Look, View } from './view.ts'

const shortMs = 60_000
/** The first machines install Dask: minutes, where the network is slow. */
const installMs = 900_000

export interface Stage {
  readonly kubectl: (args: readonly string[]) => Promise<string>
  readonly view: View
  readonly machines: Machines
  readonly patience: Patience
  readonly timeline: Timeline
  readonly directory: string
  readonly sample: string
  /** As a person would name it: `-n NAMESPACE -f FILE`. */
  readonly sampleWords: string
}

/** A cluster's life as it is seen from outside: each line is told when it was found to be so. */
export class Story {
  readonly #stage: Stage
  #events = 0
  #isInstalling = false
  readonly #problems = new Set<string>()

  constructor(stage: Stage) {
    this.#stage = stage
  }

  /** From `kubectl apply` until Ready; returns the last look. */
  async rise(call: Call): Promise<Look> {
    const { kubectl, sample, sampleWords, timeline, view } = this.#stage
    timeline.section(`kubectl apply ${sampleWords}`)
    timeline.step('applied', (await kubectl(['apply', '-f', sample])).trim())
    const { uid } = await this.#condition('CertificatesReady', shortMs, call)
    const secrets = await view.secrets(uid, call)
    timeline.step(
      'certificates',
      `an authority of its own and a certificate each for scheduler, workers and client, in ${secrets.length} Secrets`,
    )
    await this.#allMachines(call)
    const { address } = await this.#condition('SchedulerReady', installMs, call)
    timeline.step('scheduler', `Dask answers at ${address}`)
    const { conditions, ready } = await this.#condition('WorkersReady', shortMs, call)
    timeline.step('workers', `${ready} of ${ready}: ${conditions.get('WorkersReady')?.message}`)
    const end = await this.#condition('Ready', shortMs, call)
    timeline.step('Ready', end.conditions.get('Ready')?.message ?? '')
    return end
  }

  /** What the cluster is for; returns what a user needs to do the same. */
  async use({ address, clientSecret }: Look, call: Call): Promise<User> {
    const { timeline, view, machines, directory } = this.#stage
    if (address === undefined || clientSecret === undefined)
      throw await this.#stage.patience.failure('status names no address or no Secret')
    const user = { address, folder: join(directory, 'client'), python: await machines.python() }
    await writeFiles(user.folder, await view.files(clientSecret, call))
    const { total, processes, seconds } = await compute(user, call)
    timeline.step(
      'result',
      `${computed}: ${total}, by ${processes} worker processes in ${seconds.toFixed(2)} s`,
    )
    timeline.step('stranger', `a client without a certificate is refused: ${await refusal(address, call)}`)
    return user
  }

  /** From `kubectl delete` until nothing is left, which is looked for and not believed. */
  async fall({ uid }: Look, call: Call): Promise<void> {
    const { kubectl, sample, sampleWords, timeline, view, machines, patience } = this.#stage
    const processes = await machines.processes()
    const { length } = await machines.there(call)
    timeline.section(`kubectl delete ${sampleWords}`)
    timeline.step('asked', (await kubectl(['delete', '--wait=false', '-f', sample])).trim())
    const ended = async (): Promise<true | undefined> => {
      await this.#tell(call)
      return (await machines.there(call)).length === 0 ? true : undefined
    }
    await patience.until('the machines to end', shortMs, ended, call)
    timeline.step('machines', `all ${length} have ended`)
    const gone = async (): Promise<true | undefined> => {
      await this.#tell(call)
      return (await view.look(call)) === undefined ? true : undefined
    }
    await patience.until('the resource to be gone', shortMs, gone, call)
    timeline.step('deleted', 'the resource is gone')
    await this.#nothing(uid, processes, call)
  }

  async #nothing(uid: string, before: readonly ProcessMark[], call: Call): Promise<void> {
    const { timeline, view, machines, patience } = this.#stage
    const left = async (): Promise<readonly string[]> => [
      ...(await running(before)).map(({ pid }) => `process ${pid}`),
      ...(await view.secrets(uid, call)).map(name => `Secret ${name}`),
      ...(await machines.leftovers()),
    ]
    let last: readonly string[] = []
    const none = async (): Promise<true | undefined> => {
      last = await left()
      return last.length === 0 ? true : undefined
    }
    await patience.until('nothing to be left', 10_000, none, call).catch(async error => {
      call.signal.throwIfAborted()
      throw new Error(`left behind: ${last.join(', ')}`, { cause: error })
    })
    timeline.step(
      'nothing left',
      `0 of its ${before.length} processes run; 0 Secrets, 0 machine folders, 0 addresses`,
    )
  }

  async #allMachines(call: Call): Promise<void> {
    const { timeline, machines, patience } = this.#stage
    const wanted = 1 + (await this.#replicas())
    const there = async (): Promise<number | undefined> => {
      await this.#tell(call)
      const { length } = await machines.there(call)
      return length >= wanted ? length : undefined
    }
    const count = await patience.until(`${wanted} machines`, shortMs, there, call)
    timeline.step('machines', `${count} are there, each a folder and processes of this computer`)
  }

  async #replicas(): Promise<number> {
    const { kubectl, sample } = this.#stage
    return Number(await kubectl(['get', '-f', sample, '-o', 'jsonpath={.spec.workers.replicas}']))
  }

  /** Waits for a condition to hold; ends at once where a person would have to change something. */
  #condition(type: string, ms: number, call: Call): Promise<Look> {
    const { patience, view } = this.#stage
    const holds = async (): Promise<Look | undefined> => {
      await this.#tell(call)
      const look = await view.look(call)
      if (look === undefined) throw await patience.failure('the resource is gone')
      const stalled = look.conditions.get('Stalled')
      if (stalled?.status === 'True')
        throw await patience.failure(`the cluster is stalled, ${stalled.reason}: ${stalled.message}`)
      return look.conditions.get(type)?.status === 'True' ? look : undefined
    }
    return patience.until(type, ms, holds, call).catch(error => this.#withJournals(error, call))
  }

  /** Events that are new, and what takes its time on the machines. */
  async #tell(call: Call): Promise<void> {
    const { view, timeline, machines } = this.#stage
    const events = await view.events(call)
    for (const { reason, note } of events.slice(this.#events)) timeline.note(`event ${reason}: ${note}`)
    this.#events = events.length
    const journals = await machines.journals()
    if (!this.#isInstalling && journals.includes('install: making the environment')) {
      this.#isInstalling = true
      timeline.note('the machines install Dask into one environment, kept for the next time')
    }
    for (const [, problem = ''] of journals.matchAll(/machine: (dask\.service did not start.*)$/gm)) {
      if (this.#problems.has(problem)) continue
      this.#problems.add(problem)
      timeline.note(`a machine says: ${problem}. It tries again; ${installersWords(journals)}`)
    }
  }

  async #withJournals(error: unknown, call: Call): Promise<never> {
    const said = (await this.#stage.machines.journals()).trimEnd().split('\n').slice(-10).join('\n')
    if (call.signal.aborted || !(error instanceof Error) || said === '') throw error
    throw new Error(`${error.message}\nThe machines' last lines:\n${said}`, { cause: error })
  }
}

/** What the installer said before it gave up, where it said something. */
const installersWords = (journals: string): string =>
  [...journals.matchAll(/^install: (?!making|done).*$/gm)].at(-1)?.[0] ?? 'its journal says why'
