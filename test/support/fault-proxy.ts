import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Agent, createServer, request, type Server } from 'node:https'
import { buffer } from 'node:stream/consumers'
import { setTimeout as later } from 'node:timers'
import { plural } from '../../src/api/names.ts'
import { text } from '../../src/lib/parse.ts'
import { createBundle } from '../../src/pki/bundle.ts'
import { schedulerServerName } from '../../src/pki/identity.ts'
import { anIdentity, base64 } from './pki-fixture.ts'
import type { Random } from './random.ts'

/** What may become of a request that is no watch. `lose` is carried out, and answered as if it were not. */
export type Fault = { readonly kind: 'none' } | { readonly kind: 'refuse' | 'lose'; readonly status: number }

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
  fault: () => Fault = () => none
  /** Whatever a watch tells is told so much later. */
  watchDelayMs = 0
  /** Method and path of each request that got an answer which is not the API server's own. */
  readonly faults: string[] = []
  /** Statuses that the API server itself gave to watches, also inside of them. */
  readonly watchStatuses: number[] = []
  readonly #bundle = createBundle(anIdentity, Date.now())
  readonly #upstream: Upstream
  readonly #server: Server
  readonly #agent: Agent
  readonly #watches = new Set<ServerResponse>()
  #isClosed = false
  #resumeAt: string | undefined

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
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  /** Writes a kubeconfig that leads through here, and returns its path. */
  async kubeconfig(path: string): Promise<string> {
    const address = this.#server.address()
    const port = typeof address === 'object' ? address?.port : undefined
    const cluster = {
      server: `https://127.0.0.1:${port}`,
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

  /** Ends the watches of clusters, and lets none begin. */
  cutWatches(): void {
    this.#isClosed = true
    for (const watch of this.#watches) watch.destroy()
  }

  /** Lets watches begin again, the first one of clusters at a version of the test's choice. */
  allowWatches(resumeAt: string): void {
    this.#resumeAt = resumeAt
    this.#isClosed = false
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    this.#agent.destroy()
  }

  async #serve(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const url = new URL(asked.url ?? '/', this.#upstream.url)
    if (url.searchParams.get('watch') === 'true') return this.#watch(url, asked, answer)
    const fault = this.fault()
    const body = await buffer(asked)
    if (fault.kind === 'refuse') return this.#spoil(asked, answer, fault.status)
    const real = await this.#forward(url, asked, body)
    const content = await buffer(real)
    if (fault.kind === 'lose') return this.#spoil(asked, answer, fault.status)
    answer.writeHead(real.statusCode ?? 502, { 'content-type': 'application/json' }).end(content)
  }

  async #watch(url: URL, asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const isOfClusters = url.pathname.endsWith(`/${plural}`)
    if (isOfClusters && this.#isClosed) return this.#refuse(answer, 503)
    if (isOfClusters && this.#resumeAt !== undefined) {
      url.searchParams.set('resourceVersion', this.#resumeAt)
      this.#resumeAt = undefined
    }
    const real = await this.#forward(url, asked, Buffer.alloc(0))
    if (isOfClusters) this.#watches.add(answer)
    answer.on('close', () => {
      this.#watches.delete(answer)
      real.destroy()
    })
    answer.writeHead(real.statusCode ?? 502, { 'content-type': 'application/json' }).flushHeaders()
    this.#note(real.statusCode)
    real.on('data', (chunk: Buffer) => {
      if (isOfClusters && chunk.includes('"code":410')) this.#note(410)
      later(() => answer.writable && answer.write(chunk), this.watchDelayMs)
    })
    real.on('close', () => later(() => answer.end(), this.watchDelayMs))
    real.on('error', () => answer.destroy())
  }

  #forward(url: URL, asked: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
    const { host: _host, connection: _connection, ...headers } = asked.headers
    const method = text(asked.method, 'method')
    const sent = request(url, { method, headers, agent: this.#agent })
    sent.end(body)
    return new Promise((resolve, reject) => sent.once('response', resolve).once('error', reject))
  }

  #spoil({ method = '', url = '' }: IncomingMessage, answer: ServerResponse, code: number): void {
    this.faults.push(`${method} ${url.split('?')[0]}`)
    this.#refuse(answer, code)
  }

  #refuse(answer: ServerResponse, code: number): void {
    const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, message: 'by the proxy' }
    const reason = { 409: 'Conflict', 429: 'TooManyRequests' }[code] ?? 'InternalError'
    answer.writeHead(code, { 'content-type': 'application/json' })
    answer.end(JSON.stringify({ ...status, reason }))
  }

  #note(status: number | undefined): void {
    if (status !== undefined) this.watchStatuses.push(status)
  }
}
