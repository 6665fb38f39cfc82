import { writeFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Agent, createServer, request, type Server } from 'node:https'
import { buffer } from 'node:stream/consumers'
import { plural } from '../../src/api/names.ts'
import { text } from '../../src/lib/parse.ts'
import { createBundle } from '../../src/pki/bundle.ts'
import { schedulerServerName } from '../../src/pki/identity.ts'
import type { Arrival } from './arrivals.ts'
import { FrontDoor } from './front-door.ts'
import { anIdentity, base64 } from './pki-fixture.ts'
import { ProxiedWatch } from './proxied-watch.ts'
import type { Random } from './random.ts'

/**
 * What may become of a request. `lose` is carried out, and answered as if it were not; `say` is answered with 200 and a
 * text of the test's own.
 */
export type Fault =
  | { readonly kind: 'none' }
  | { readonly kind: 'refuse'; readonly status: number; readonly retryAfterS?: number }
  | { readonly kind: 'lose'; readonly status: number }
  | { readonly kind: 'say'; readonly text: string }

export interface Upstream {
  readonly url: string
  /** PEM. */
  readonly authority: string
  readonly token: string
}

const none: Fault = { kind: 'none' }
const statuses = [409, 429, 500] as const

/** A share of all requests answered with 409, 429 or 500, one half of them after they were carried out. */
export function nowAndThen(share: number, random: Random): () => Fault {
  const every = Math.round(1 / share)
  let until = random.below(every)
  return () => {
    if (until-- > 0) return none
    until = every - 1
    return { kind: random.chance(0.5) ? 'refuse' : 'lose', status: statuses[random.below(3)] ?? 500 }
  }
}

/** Between an operator and its API server, with a certificate of its own: trouble where it is asked for. */
export class FaultProxy implements AsyncDisposable {
  /** Asked before every request that is no watch. */
  fault: (asked: Arrival) => Fault = () => none
  /** Asked before every watch. */
  watchFault: (asked: Arrival) => Fault = () => none
  /** May change what the API server is asked for. */
  redirect: (url: URL) => void = () => undefined
  /** Makes something else of each answer and of each line of a watch. */
  rewrite: (text: string) => string = said => said
  /** Whatever a watch tells is told so much later. */
  watchDelayMs = 0
  readonly arrivals: Arrival[] = []
  /** Method and path of each request that got an answer which is not the API server's own. */
  readonly faults: string[] = []
  /** Statuses that the API server itself gave to watches, also inside of them. */
  readonly watchStatuses: number[] = []
  readonly #bundle = createBundle(anIdentity, Date.now())
  readonly #upstream: Upstream
  readonly #server: Server
  readonly #agent: Agent
  readonly #watches: ProxiedWatch[] = []
  #door: FrontDoor | undefined

  private constructor(upstream: Upstream) {
    this.#upstream = upstream
    this.#agent = new Agent({ keepAlive: true, ca: upstream.authority })
    const { certificate: cert, key } = this.#bundle.scheduler
    this.#server = createServer({ cert, key }, (asked, answer) => {
      this.#serve(asked, answer).catch(() => answer.destroy())
    })
  }

  static async open(upstream: Upstream): Promise<FaultProxy> {
    const proxy = new FaultProxy(upstream)
    proxy.#door = await FrontDoor.open(proxy.#server)
    return proxy
  }

  /** Where it can be put out of reach. */
  get door(): FrontDoor {
    if (this.#door === undefined) throw new Error('the proxy is not open')
    return this.#door
  }

  /** Writes a kubeconfig that leads through here, and returns its path. */
  async kubeconfig(path: string): Promise<string> {
    const cluster = {
      server: `https://127.0.0.1:${this.door.port}`,
      'tls-server-name': schedulerServerName(anIdentity.uid),
      'certificate-authority-data': base64(this.#bundle.authority.certificate),
    }
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'proxy', cluster }],
      users: [{ name: 'admin', user: { token: this.#upstream.token } }],
      contexts: [{ name: 'proxy', context: { cluster: 'proxy', user: 'admin' } }],
      'current-context': 'proxy',
    }
    await writeFile(path, JSON.stringify(config), { mode: 0o600 })
    return path
  }

  /** The watches of clusters that are open, or all there ever were. */
  watches(which: 'open' | 'all' = 'open'): readonly ProxiedWatch[] {
    return this.#watches.filter(({ path, isOpen }) => isOfClusters(path) && (which === 'all' || isOpen))
  }

  /** Nobody who watches hears of anything any more, and no connection breaks. */
  freezeWatches(): void {
    for (const watch of this.#watches) watch.freeze()
  }

  /** Ends the watches of clusters, and lets none begin. */
  cutWatches(): void {
    this.watchFault = ({ path }) => (isOfClusters(path) ? { kind: 'refuse', status: 503 } : none)
    for (const watch of this.watches()) watch.end()
  }

  /** Lets watches begin again, the first one of clusters at a version of the test's choice. */
  allowWatches(resumeAt: string): void {
    this.redirect = url => {
      if (!isOfClusters(url.pathname) || !url.searchParams.has('watch')) return
      url.searchParams.set('resourceVersion', resumeAt)
      this.redirect = () => undefined
    }
    this.watchFault = () => none
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#door?.[Symbol.asyncDispose]()
    this.#server.close()
    this.#server.closeAllConnections()
    this.#agent.destroy()
  }

  async #serve(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const url = new URL(asked.url ?? '/', this.#upstream.url)
    const isWatch = url.searchParams.get('watch') === 'true'
    const { method = '' } = asked
    const arrival = {
      at: performance.now(),
      method,
      path: url.pathname,
      query: new URLSearchParams(url.searchParams),
      isWatch,
    }
    this.arrivals.push(arrival)
    const fault = isWatch ? this.watchFault(arrival) : this.fault(arrival)
    const body = await buffer(asked)
    if (fault.kind === 'refuse' || fault.kind === 'say') return this.#spoil(arrival, answer, fault)
    this.redirect(url)
    const real = await this.#forward(url, asked, body)
    if (isWatch) return this.#watch(url, real, answer)
    const content = await buffer(real)
    if (fault.kind === 'lose') return this.#spoil(arrival, answer, { ...fault, kind: 'refuse' })
    answer.writeHead(real.statusCode ?? 502, { 'content-type': 'application/json' })
    answer.end(this.rewrite(content.toString('utf8')))
  }

  #watch(url: URL, real: IncomingMessage, answer: ServerResponse): void {
    answer.writeHead(real.statusCode ?? 502, { 'content-type': 'application/json' }).flushHeaders()
    this.watchStatuses.push(real.statusCode ?? 502)
    const terms = { delayMs: () => this.watchDelayMs, rewrite: (said: string) => this.rewrite(said) }
    const watch = new ProxiedWatch(url, real, answer, terms)
    this.#watches.push(watch)
    answer.on('close', () => watch.error !== undefined && this.watchStatuses.push(watch.error))
  }

  #forward(url: URL, asked: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
    const { host: _host, connection: _connection, ...headers } = asked.headers
    const method = text(asked.method, 'method')
    const sent = request(url, { method, headers, agent: this.#agent })
    sent.end(body)
    return new Promise((resolve, reject) => sent.once('response', resolve).once('error', reject))
  }

  #spoil(
    { method, path }: Arrival,
    answer: ServerResponse,
    fault: Extract<Fault, { kind: 'refuse' | 'say' }>,
  ): void {
    this.faults.push(`${method} ${path}`)
    const json = { 'content-type': 'application/json' }
    if (fault.kind === 'say') return void answer.writeHead(200, json).end(fault.text)
    const { status: code, retryAfterS } = fault
    const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, message: 'by the proxy' }
    const reason = { 403: 'Forbidden', 409: 'Conflict', 410: 'Expired', 429: 'TooManyRequests' }[code]
    const headers = { ...json, ...(retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) }) }
    answer.writeHead(code, headers).end(JSON.stringify({ ...status, reason: reason ?? 'InternalError' }))
  }
}

export const isOfClusters = (path: string): boolean => path.endsWith(`/${plural}`)
