import { Agent, type Dispatcher, Pool, ProxyAgent } from 'undici'
import type { Identity } from './credentials.ts'

export interface PoolsOptions {
  /** At most so many; null is as many as are asked for. */
  readonly connections: number | null
  /** The longest until a connection, or a tunnel to it, is there. */
  readonly connectMs: number
}

/** Connections that are kept and shared. When the credentials of TLS change, new ones are made beside the old. */
export class Pools {
  readonly #options: PoolsOptions
  #current: { readonly connection: string; readonly dispatcher: Dispatcher } | undefined
  readonly #leaving = new Set<Dispatcher>()

  constructor(options: PoolsOptions) {
    this.#options = options
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
    const { connections, connectMs } = this.#options
    const connect = { ...tls, timeout: connectMs, keepAlive: true, keepAliveInitialDelay: 15_000 }
    const options = {
      connections,
      pipelining: 1,
      // Over one HTTP/2 connection a single lost packet or proxy would hold up everything.
      allowH2: false,
      keepAliveTimeout: 60_000,
      // Deadlines are signals here, and watches have their own.
      headersTimeout: 0,
      bodyTimeout: 0,
    }
    if (proxy === undefined) return new Agent({ ...options, connect })
    return new ProxyAgent({
      ...options,
      uri: proxy,
      requestTls: connect,
      proxyTls: { timeout: connectMs },
      // A proxy that says nothing must not hold a place for ever.
      clientFactory: (origin, given) => new Pool(origin, { ...given, headersTimeout: connectMs }),
    })
  }
}
