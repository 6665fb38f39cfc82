import type { Seams } from '../../src/app/seams.ts'
import type { KubeRequest } from '../../src/kube/transport.ts'
import { isRecord } from '../../src/lib/parse.ts'

/** Told of every point as the operator passes it: `hands.enrol before`, `PATCH launches after`, `cloud.launch before`. */
export type Passing = (point: string) => void

/** Names the moments before and after everything that a pass, or a list of its cloud, waits for. */
export const namedPoints = (pass: Passing): Seams => ({
  kube: kube => ({
    namespace: kube.namespace,
    leases: kube.leases,
    stream: (request, call) => kube.stream(request, call),
    request: (request, call) => between(nameOf(request), pass, () => kube.request(request, call)),
    [Symbol.asyncDispose]: () => kube[Symbol.asyncDispose](),
  }),
  cloud: cloud => pointed(cloud, 'cloud', pass),
  desk: desk => ({
    ...desk,
    eyes: pointed(desk.eyes, 'eyes', pass),
    hands: pointed(desk.hands, 'hands', pass),
  }),
})

async function between<T>(name: string, pass: Passing, work: () => Promise<T>): Promise<T> {
  pass(`${name} before`)
  const done = await work()
  pass(`${name} after`)
  return done
}

function pointed<T extends object>(part: T, name: string, pass: Passing): T {
  return new Proxy(part, {
    get(target, member) {
      const method: unknown = Reflect.get(target, member)
      if (typeof method !== 'function') return method
      return (...words: unknown[]) => {
        const work = (): unknown => Reflect.apply(method, target, words)
        const point = `${name}.${String(member)}`
        return atOnce.has(point) ? work() : between(point + detailOf(words), pass, async () => work())
      }
    },
  })
}

/** What a pass does not wait for. */
const atOnce: ReadonlySet<string> = new Set([
  'eyes.scheduler',
  'eyes.attend',
  'hands.report',
  'hands.measure',
  'hands.forget',
  'cloud.close',
])

/** Records are written as launches are recorded, answered and settled: what they say tells these apart. */
function detailOf(words: readonly unknown[]): string {
  const written = words.find(word => isRecord(word) && Array.isArray(word['launches']) && 'seq' in word)
  return isRecord(written) && !('cluster' in written) ? ` ${statesIn(written['launches'])}` : ''
}

/** `open`, `accepted+open`, `none`, whether they are the pass's records or as status has them. */
function statesIn(launches: unknown): string {
  const records: readonly unknown[] = Array.isArray(launches) ? launches : []
  const kinds = records.filter(isRecord).map(({ state }) => (isRecord(state) ? state['kind'] : state))
  return kinds.length === 0 ? 'none' : [...new Set(kinds.map(String))].toSorted().join('+').toLowerCase()
}

/** `PATCH status`, `POST secret worker`, `GET cluster`. */
function nameOf({ method, path, body }: KubeRequest): string {
  if (path.endsWith('/status')) return `${method} ${statusPart(body)}`
  const [, kind = path, name = ''] = /\/([a-z]+)s(?:\/([^/]+))?$/.exec(path) ?? []
  if (method === 'GET' && name === '') return `GET ${kind}s`
  if (kind === 'secret') return `${method} secret ${partOf(name === '' ? nameIn(body) : name)}`
  if (kind === 'daskcloudcluster' && method === 'PATCH') return `${method} metadata`
  return `${method} ${kind}`
}

function statusPart(body: unknown): string {
  const status = isRecord(body) && isRecord(body['status']) ? body['status'] : {}
  if ('launches' in status) return `launches ${statesIn(status['launches'])}`
  return 'ledger' in status ? 'ledger' : 'status'
}

const nameIn = (body: unknown): string =>
  isRecord(body) && isRecord(body['metadata']) ? String(body['metadata']['name']) : ''

const partOf = (name: string): string => name.slice(name.lastIndexOf('-') + 1)
