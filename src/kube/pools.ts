import { Agent, type Dispatcher, ProxyAgent } from 'undici'
import type { Identity } from './credentials.ts'
import { noAnswer } from './fault.ts'

/** Connections that are kept and shared. When the credentials of TLS change, new ones are made beside the old. */
export class Pools {
  readonly #connections: number
  #current: { readonly connection: string; readonly dispatcher: Dispatcher } | undefined
  readonly #leaving = new Set<Dispatcher>()

  constructor(connections: number) {
    this.#connections = connections
  }

  of(identity: Identity): Dispatcher {
    if (this.#current?.connection === identity.connection) return this.#current.dispatcher
    const before = this.#current?.dispatcher
    const dispatcher = this.#open(identity)
    this.#current = { connection: identity.connection, dispatcher }
    if (before !== undefined) this.#retire(before)
    return dispatcher
  }

  async close(): Promise<void> {
    const all = [...this.#leaving, ...(this.#current === undefined ? [] : [this.#current.dispatcher])]
    this.#current = undefined
    await Promise.all(all.map(dispatcher => dispatcher.destroy()))
  }

  /** What it still carries may end by itself: a watch does so within ten minutes. */
  #retire(dispatcher: Dispatcher): void {
    this.#leaving.add(dispatcher)
    const gone = (): boolean => this.#leaving.delete(dispatcher)
    dispatcher.close().then(gone, gone)
  }

  #open({ tls, proxy }: Identity): Dispatcher {
    const connect = { ...tls, timeout: 5_000, keepAlive: true, keepAliveInitialDelay: 15_000 }
    const options = {
      connections: this.#connections,
      pipelining: 1,
      // Over one HTTP/2 connection a single lost packet or proxy would hold up everything.
      allowH2: false,
      keepAliveTimeout: 60_000,
      // Deadlines are signals here, and watches have their own.
      headersTimeout: 0,
      bodyTimeout: 0,
    }
    if (proxy === undefined || proxy === null) return new Agent({ ...options, connect })
    if (!/^https?:/.test(proxy))
      throw noAnswer('Configuration', `proxies of ${proxy.split(':')[0]} are not supported`)
    return new ProxyAgent({ ...options, uri: proxy, requestTls: connect })
  }
}
