import { apiVersion, kind } from '../../src/api/names.ts'
import { clustersIn } from '../../src/kube/clusters.ts'
import { Reflector } from '../../src/kube/reflector.ts'
import type { KubeTransport } from '../../src/kube/transport.ts'
import type { Call } from '../../src/lib/call.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { items, members, metadataOf, word } from './kubernetes.ts'

/** A cluster as the watch last showed it. */
export interface Member {
  readonly key: string
  readonly uid: string
  readonly path: string
  readonly wanted: number
  /** Workers that serve, as status counts them. */
  readonly serving: number
  readonly holds: ReadonlySet<string>
}

/** At a time: enough to keep an API server busy, and no more connections than there are. */
const width = 24
/** How long a simulated machine takes to start. */
export const startupSeconds = 1

/** All simulated clusters of the demo, followed by a watch: what is counted here is what any client can see. */
export class Fleet implements AsyncDisposable {
  readonly #kube: KubeTransport
  readonly #namespaces: readonly string[]
  readonly #reflectors: readonly Reflector<Member>[]
  readonly #appliedAt = new Map<string, number>()
  readonly #readyAt = new Map<string, number>()

  constructor(kube: KubeTransport, namespaces: readonly string[]) {
    this.#kube = kube
    this.#namespaces = namespaces
    const metrics = createMetrics()
    const shared = {
      kube,
      metrics,
      resource: 'daskcloudclusters',
      parse: memberOf,
      onProblem: () => undefined,
    }
    this.#reflectors = namespaces.map(
      namespace => new Reflector({ ...shared, collection: clustersIn(namespace) }),
    )
    for (const reflector of this.#reflectors)
      reflector.onChange(({ key, object }) => {
        if (object.holds.has('Ready') && !this.#readyAt.has(key)) this.#readyAt.set(key, performance.now())
      })
  }

  get all(): readonly Member[] {
    return this.#reflectors.flatMap(each => each.list())
  }

  /** From being applied to being seen Ready, in milliseconds, the shortest first. */
  get readyMs(): readonly number[] {
    return [...this.#readyAt]
      .map(([key, at]) => at - (this.#appliedAt.get(key) ?? at))
      .toSorted((a, b) => a - b)
  }

  /** Applies `count` clusters, spread over the namespaces. */
  async apply(count: number, workers: number, call: Call): Promise<void> {
    await Promise.all(this.#reflectors.map(each => each.synced(call)))
    const digits = String(count).length
    const numbers = Array.from({ length: count }, (_, at) => at)
    await inParallel(numbers, async at => {
      const namespace = this.#namespaces[at % this.#namespaces.length] ?? ''
      const name = `sim-${String(at + 1).padStart(digits, '0')}`
      this.#appliedAt.set(`${namespace}/${name}`, performance.now())
      const body = manifest(name, workers)
      await this.#kube.request({ method: 'POST', path: clustersIn(namespace).path, body }, call)
    })
  }

  async scale(replicas: number, call: Call): Promise<void> {
    const contentType = 'application/merge-patch+json'
    const body = { spec: { workers: { replicas } } }
    await inParallel(this.all, async ({ path }) => {
      await this.#kube.request({ method: 'PATCH', path, contentType, body }, call)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#reflectors.map(each => each[Symbol.asyncDispose]()))
  }
}

const manifest = (name: string, replicas: number) => ({
  apiVersion,
  kind,
  metadata: { name },
  spec: { cloud: { simulated: { startupSeconds } }, workers: { replicas } },
})

function memberOf(raw: unknown): Member {
  const { namespace, name, uid } = metadataOf(raw)
  const { conditions, workers } = members(members(raw)['status'])
  const wanted = members(members(members(raw)['spec'])['workers'])['replicas']
  const holding = items(conditions).filter(({ status }) => status === 'True')
  return {
    key: `${word(namespace)}/${word(name)}`,
    uid: word(uid) ?? '',
    path: `${clustersIn(word(namespace)).path}/${word(name)}`,
    wanted: Number(wanted ?? 0),
    serving: Number(members(workers)['ready'] ?? 0),
    holds: new Set(holding.map(({ type }) => word(type) ?? '')),
  }
}

async function inParallel<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const left = all.toReversed()
  const hand = async (): Promise<void> => {
    for (let one = left.pop(); one !== undefined; one = left.pop()) await work(one)
  }
  await Promise.all(Array.from({ length: width }, hand))
}
