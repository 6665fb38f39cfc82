import { createHash } from 'node:crypto'
import { access } from 'node:fs/promises'
import type { RequestOptions } from 'node:https'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { KubeConfig } from '@kubernetes/client-node'
import { SingleFlight } from '../lib/single-flight.ts'
import { noAnswer } from './fault.ts'

/** Which API server to talk to, and as whom. */
export interface Source {
  /** A kubeconfig's path; without it KUBECONFIG, then the pod's own service account, then ~/.kube/config. */
  readonly kubeconfig?: string | undefined
  /** A context of it other than the current one. */
  readonly context?: string | undefined
}

type Tls = Pick<
  RequestOptions,
  'ca' | 'cert' | 'key' | 'pfx' | 'passphrase' | 'servername' | 'rejectUnauthorized'
>

/** Who we are to the API server, right now. */
export interface Identity {
  readonly server: string
  readonly proxy: string | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly tls: Tls
  /** Changes with the server, the proxy and the TLS settings: connections are made for one of it. */
  readonly connection: string
}

const evaluateEveryMs = 10_000
const reloadEveryMs = 5_000

/**
 * Credentials as `@kubernetes/client-node` reads them: client certificates, tokens, rotating token files, plugins.
 * That is all it is used for: it opens a connection for every request, and its watches end at the first error.
 */
export class Credentials {
  readonly #source: Source
  readonly #flight = new SingleFlight<Identity>()
  #config: KubeConfig
  #identity: Identity | undefined
  #evaluatedAt = -Infinity
  #reloadedAt = -Infinity

  private constructor(source: Source, config: KubeConfig) {
    this.#source = source
    this.#config = config
  }

  static async load(source: Source): Promise<Credentials> {
    return new Credentials(source, await loadConfig(source))
  }

  get namespace(): string | undefined {
    return this.#config.getContextObject(this.#config.getCurrentContext())?.namespace?.trim() || undefined
  }

  /** As good as new: tokens and certificates are read again every few seconds. */
  async current(): Promise<Identity> {
    if (this.#identity !== undefined && performance.now() - this.#evaluatedAt < evaluateEveryMs) {
      return this.#identity
    }
    try {
      return await this.#flight.run(() => this.#evaluate())
    } catch (error) {
      // A file that is being replaced, or a plugin that fails once, does not end what still works.
      if (this.#identity === undefined) throw error
      this.#evaluatedAt = performance.now()
      return this.#identity
    }
  }

  /** After a 401: reads everything anew, past every cache, but not for each of many requests that were refused. */
  async renewed(refused: Identity): Promise<Identity | undefined> {
    if (this.#identity !== undefined && this.#identity !== refused) return this.#identity
    if (performance.now() - this.#reloadedAt < reloadEveryMs) return undefined
    return this.#flight.run(async () => {
      this.#reloadedAt = performance.now()
      this.#config = await loadConfig(this.#source)
      return this.#evaluate()
    })
  }

  async #evaluate(): Promise<Identity> {
    const cluster = this.#config.getCurrentCluster()
    if (!cluster)
      throw noAnswer('Configuration', `the context ${this.#config.getCurrentContext()} names no cluster`)
    const options: RequestOptions = {}
    await this.#config.applyToHTTPSOptions(options).catch((cause: unknown) => {
      throw noAnswer('Configuration', 'the credentials for the API server cannot be had', cause)
    })
    const tls = tlsOf(options)
    const { server, proxyUrl: proxy } = cluster
    const headers = headersOf(options)
    const connection = fingerprint([server, proxy, ...Object.values(tls).map(String)])
    this.#evaluatedAt = performance.now()
    if (this.#identity?.connection === connection && sameHeaders(this.#identity.headers, headers)) {
      return this.#identity
    }
    this.#identity = { server: server.replace(/\/+$/, ''), proxy, headers, tls, connection }
    return this.#identity
  }
}

const serviceAccountToken = '/var/run/secrets/kubernetes.io/serviceaccount/token'

async function loadConfig({ kubeconfig, context }: Source): Promise<KubeConfig> {
  // Imported late: it takes half a second and 80 MB, which nothing needs that has no API server.
  const { KubeConfig } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  try {
    if (kubeconfig !== undefined) config.loadFromFile(kubeconfig)
    else if (process.env['KUBECONFIG']) config.loadFromDefault()
    else if (process.env['KUBERNETES_SERVICE_HOST'] && (await exists(serviceAccountToken)))
      config.loadFromCluster()
    else config.loadFromFile(await defaultFile())
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : 'unknown'
    throw noAnswer('Configuration', `the kubeconfig cannot be read: ${problem}`, cause)
  }
  if (context !== undefined) {
    if (!config.getContextObject(context)) {
      const known = config.getContexts().map(({ name }) => name)
      throw noAnswer(
        'Configuration',
        `the kubeconfig has no context ${context}; there are ${known.join(', ')}`,
      )
    }
    config.setCurrentContext(context)
  }
  return config
}

async function defaultFile(): Promise<string> {
  const file = join(homedir(), '.kube', 'config')
  if (await exists(file)) return file
  throw new Error(`there is no ${file}, KUBECONFIG is not set, and this is no pod with a service account`)
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

function tlsOf(options: RequestOptions): Tls {
  const { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized } = options
  const all = Object.entries({ ca, cert, key, pfx, passphrase, servername, rejectUnauthorized })
  return Object.fromEntries(all.filter(([, value]) => value !== undefined))
}

function headersOf({ headers, auth }: RequestOptions): Readonly<Record<string, string>> {
  const given = Object.entries(headers ?? {}).flatMap(([name, value]) =>
    // Tokens come from files, and files end with a line break.
    typeof value === 'string' ? [[name.toLowerCase(), value.trim()] as const] : [],
  )
  const basic = auth ? [['authorization', `Basic ${Buffer.from(auth).toString('base64')}`] as const] : []
  return Object.fromEntries([...basic, ...given])
}

const sameHeaders = (a: Identity['headers'], b: Identity['headers']): boolean =>
  JSON.stringify(a) === JSON.stringify(b)

function fingerprint(parts: readonly (string | undefined)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}
