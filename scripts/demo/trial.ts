import { availableParallelism } from 'node:os'
import type { Call } from '../../src/lib/call.ts'
import { percentile } from '../percentile.ts'
import { Census, machinesOf } from './census.ts'
import { grouped, requestWords, seconds, workIn } from './figures.ts'
import { Fleet, type Member, startupSeconds } from './fleet.ts'
import { deleteClusters } from './kubernetes.ts'
import { stay } from './life.ts'
import { worldIn } from './operator.ts'
import { Patience } from './patience.ts'
import type { Scene } from './scene.ts'

const firstWorkers = 2
const moreWorkers = 3
/** One machine of so many is taken. */
const takenOf = 10
const patienceMs = { least: 120_000, perCluster: 1_000 }

interface Asked extends Scene {
  readonly count: number
}

/** Many simulated clusters: applied, robbed of machines, scaled while their operator is killed, deleted. */
export async function playTrial(asked: Asked, call: Call): Promise<void> {
  await using trial = new Trial(asked)
  await trial.rise(call)
  await trial.lose(call)
  await trial.crash(call)
  if (asked.keep) await stay(asked.timeline, lines(asked), call)
  await trial.fall(call)
}

class Trial implements AsyncDisposable {
  readonly #asked: Asked
  readonly #fleet: Fleet
  readonly #census: Census

  constructor(asked: Asked) {
    this.#asked = asked
    this.#fleet = new Fleet(asked.ground.kube, asked.ground.tenants)
    this.#census = new Census(worldIn(asked.directory))
  }

  async rise(call: Call): Promise<void> {
    const { count, timeline, ground } = this.#asked
    timeline.section(
      `${clusters(count)} of ${firstWorkers} simulated workers are applied, in ${ground.tenants.length} namespaces`,
    )
    timeline.note(
      `machines are simulated: records in a file that start within ${startupSeconds} s and run nothing. The rest is real`,
    )
    const began = performance.now()
    const apply = async (): Promise<void> => {
      await this.#fleet.apply(count, firstWorkers, call)
      timeline.step('applied', `${clusters(count)} in ${seconds(performance.now() - began)}`)
    }
    await Promise.all([apply(), this.#served('every cluster to be Ready', call)])
    await this.#measure(performance.now() - began, call)
  }

  async #measure(tookMs: number, call: Call): Promise<void> {
    const { count, timeline, staff } = this.#asked
    const pace = `${(count / (tookMs / 1000)).toFixed(1)} clusters/s`
    timeline.step('Ready', `${clusters(count)} with ${grouped(this.#census.made)} machines, ${pace}`)
    const { readyMs } = this.#fleet
    const [p50, p99] = [percentile(readyMs, 0.5), percentile(readyMs, 0.99)]
    timeline.step('apply to Ready', `p50 ${seconds(p50)}, p99 ${seconds(p99)}`)
    const work = workIn(await staff.operator.metrics(call))
    timeline.step('requests', `${requestWords(work)}, of the operator to the API server`)
    timeline.step('memory', `${work.residentMb} MB resident, of the operator`)
    for (const line of caveats(this.#asked)) timeline.note(line)
  }

  /** As a cloud does with machines that it wants back: nobody has asked the operator. */
  async lose(call: Call): Promise<void> {
    const { timeline } = this.#asked
    timeline.section('The cloud takes one machine in ten')
    const taken = this.#census.take(takenOf)
    const schedulers = taken.filter(({ tags }) => tags.role === 'scheduler').length
    timeline.step('taken', `${taken.length} machines, ${schedulers} of them schedulers`)
    timeline.note('the operator lists a cloud at rest every 10 s')
    await this.#served('every cluster to be whole again', call)
    timeline.step('replaced', this.#census.proof(this.#fleet.all))
  }

  /** The operator gets no time to write anything down: what the next one knows was written before. */
  async crash(call: Call): Promise<void> {
    const { count, timeline, staff } = this.#asked
    timeline.section(`Every cluster is scaled to ${moreWorkers} workers, and the operator is killed halfway`)
    const before = this.#census.made
    const half = async (): Promise<true | undefined> =>
      this.#census.made - before >= count / 2 ? true : undefined
    const scaled = this.#fleet.scale(moreWorkers, call)
    await Promise.all([scaled, this.#until('half of the new machines', half, call)])
    await staff.operator.kill()
    const made = this.#census.made - before
    timeline.step('killed', `with SIGKILL, when ${made} of ${count} new machines were launched`)
    staff.hire()
    timeline.note('another operator starts; the lease of the dead one ends within 15 s')
    await staff.begin(call)
    timeline.step('leads', 'the new operator has read what is there')
    await this.#served('every cluster to be scaled', call)
    timeline.step('adopted', this.#census.proof(this.#fleet.all))
  }

  async fall(call: Call): Promise<void> {
    const { count, timeline, ground } = this.#asked
    timeline.section('All are deleted')
    await Promise.all(ground.tenants.map(name => deleteClusters(ground.kube, name, call)))
    const gone = async (): Promise<true | undefined> => {
      const { length } = this.#fleet.all
      const alive = grouped(this.#census.alive.length)
      if (length > 0) timeline.progress(`${length} of ${count} clusters are left, with ${alive} machines`)
      return length === 0 ? true : undefined
    }
    await this.#until('all clusters to be gone', gone, call)
    timeline.step('deleted', clusters(count))
    await this.#nothing(call)
    const made = grouped(this.#census.made)
    timeline.step('nothing left', `0 of the ${made} machines that were made live; 0 addresses, 0 Secrets`)
  }

  async #nothing(call: Call): Promise<void> {
    let left: readonly string[] = []
    const none = async (): Promise<true | undefined> => {
      left = await this.#census.left(this.#asked.ground, call)
      return left.length === 0 ? true : undefined
    }
    await this.#until('nothing to be left', none, call).catch(error => {
      call.signal.throwIfAborted()
      throw new Error(`left behind: ${left.slice(0, 20).join(', ')}`, { cause: error })
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#fleet[Symbol.asyncDispose]()
  }

  /** Shows how far it is until all clusters serve and have the machines that they want, and no others. */
  #served(what: string, call: Call): Promise<true> {
    const { count, timeline } = this.#asked
    const served = async (): Promise<true | undefined> => {
      const { all } = this.#fleet
      const ready = all.filter(isServed).length
      if (ready === count && this.#census.isWhole(all)) return true
      const certified = all.filter(({ holds }) => holds.has('CertificatesReady')).length
      const machines = `${grouped(this.#census.alive.length)} of ${grouped(machinesOf(all))} machines live`
      timeline.progress(
        `${certified} of ${count} have certificates, ${machines}, ${ready} are Ready with all workers`,
      )
      return undefined
    }
    return this.#until(what, served, call)
  }

  /** The progress tells that it goes on, so nothing else does. */
  #until<T>(what: string, ready: () => Promise<T | undefined>, call: Call): Promise<T> {
    const { staff, count } = this.#asked
    const patience = new Patience(staff.operator, { note: () => undefined })
    return patience.until(what, patienceMs.least + count * patienceMs.perCluster, ready, call)
  }
}

const clusters = (count: number): string => (count === 1 ? '1 cluster' : `${grouped(count)} clusters`)

const isServed = ({ holds, serving, wanted }: Member): boolean => holds.has('Ready') && serving === wanted

function caveats({ ground }: Asked): readonly string[] {
  const cores = `${availableParallelism()} cores`
  const where =
    ground.watched.length === 0
      ? `this computer, whose ${cores} API server, etcd, operator and demo share`
      : `this computer (${cores}), where operator and demo run, and on your cluster`
  return [
    `seconds, clusters/s and memory depend on ${where}; requests do a little,`,
    `numbers of clusters, machines and Secrets do not. At least ${startupSeconds} s of each time is the machines' own`,
  ]
}

function lines({ ground: { kubeconfig, kubectlWords, tenants } }: Scene): readonly string[] {
  const kubectl = `${kubectlWords.join(' ')} -n ${tenants[0]}`
  return [
    `  export KUBECONFIG=${kubeconfig}`,
    `  ${kubectl} get dcc -o wide`,
    `  ${kubectl} scale dcc --all --replicas=10`,
    `  ${kubectl} get events --sort-by=.metadata.creationTimestamp`,
  ]
}
