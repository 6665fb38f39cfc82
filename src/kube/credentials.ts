import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import { SingleFlight } from '../lib/single-flight.ts'
import { type Access, type Headers, type Material, misconfigured, type Plugin } from './access.ts'
import { ExecPlugin } from './exec-plugin.ts'
import { Kubeconfigs } from './kubeconfig.ts'
import { proxyFor } from './proxies.ts'
import { findAccess, type Source } from './source.ts'

/** Texts are PEM. */
interface Tls {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly servername?: string
  readonly rejectUnauthorized?: boolean
}

/** Who we are to the API server, right now. */
export interface Identity {
  readonly server: string
  readonly proxy: string | undefined
  readonly headers: Headers
  readonly tls: Tls
  /** Changes with the server, the proxy and the TLS settings: connections are made for one of it. */
  readonly connection: string
}

export interface CredentialsOptions extends Source {
  /** Hears of credentials that cannot be renewed while the old ones still serve, once for each new problem. */
  readonly onProblem?: (error: unknown) => void
}

const evaluateEveryMs = 5_000
const evaluateLeastMs = 1_000

/**
 * Credentials as kubectl reads them: files are read again every few seconds and after a 401, plugins are run when what they gave
 * ends or is refused. The context and the server are those of the beginning, whatever becomes of the kubeconfig.
 */
export class Credentials implements Disposable {
  readonly #source: CredentialsOptions
  readonly #flight = new SingleFlight<Identity>()
  readonly #files: Kubeconfigs
  readonly #server: string
  readonly namespace: string | undefined
  #plugin: { readonly settings: string; readonly exec: ExecPlugin } | undefined
  #identity: Identity | undefined
  #freshUntil = -Infinity
  #hasProblem = false
  #reported = ''

  private constructor(source: CredentialsOptions, files: Kubeconfigs, start: Start) {
    this.#source = source
    this.#files = files
    this.#server = start.server
    this.namespace = start.namespace
  }

  static async load(source: CredentialsOptions): Promise<Credentials> {
    const files = new Kubeconfigs()
    const { access, context } = await findAccess(source, files)
    const namespace = (await textOf(access.namespace))?.trim() || undefined
    return new Credentials({ ...source, context }, files, { server: access.server, namespace })
  }

  /** As good as new. While it cannot be renewed, what was there before goes on, and nobody waits. */
  async current(): Promise<Identity> {
    const before = this.#identity
    if (before !== undefined && performance.now() < this.#freshUntil) return before
    const next = this.#flight.run(() => this.#evaluate())
    if (before === undefined) return next
    const orBefore = next.catch(() => before)
    return this.#hasProblem ? before : orBefore
  }

  /** After a 401: reads everything anew. Undefined where it is what was refused; rejects where it cannot be had. */
  async renewed(refused: Identity): Promise<Identity | undefined> {
    if (this.#identity !== refused) return this.#identity
    this.#plugin?.exec.refused()
    // One that was under way may have begun before the refusal.
    for (let look = 1; look <= 2; look++) {
      const identity = await this.#flight.run(() => this.#evaluate())
      if (identity !== refused) return identity
    }
    return undefined
  }

  [Symbol.dispose](): void {
    this.#plugin?.exec[Symbol.dispose]()
  }

  async #evaluate(): Promise<Identity> {
    try {
      const { access } = await findAccess(this.#source, this.#files)
      const identity = await this.#identify(access)
      this.#hasProblem = false
      this.#freshUntil = performance.now() + this.#freshMs()
      return identity
    } catch (error) {
      this.#freshUntil = performance.now() + evaluateEveryMs
      this.#report(error)
      throw error
    }
  }

  async #identify(access: Access): Promise<Identity> {
    const { server, serverName: servername, verifies } = access
    if (server !== this.#server) {
      throw misconfigured(`${access.origin} names another server than at the start; start anew to follow it`)
    }
    const [ca, cert, key, token] = await Promise.all(
      [access.authority, access.certificate, access.key, access.token].map(textOf),
    )
    const given = await this.#pluginOf(access.plugin)?.credential(ca)
    const own = given?.certificate === undefined ? { cert, key } : { cert: given.certificate, key: given.key }
    const from = given === undefined ? access.origin : `the plugin ${access.plugin?.command}`
    const bearer = bearerOf(token ?? given?.token, from)
    const tls = defined({ ca, ...own, servername, rejectUnauthorized: verifies ? undefined : false })
    const proxy = proxyFor(server, access.proxy, this.#source.env ?? process.env)
    return this.#settle({ server, proxy, headers: { ...bearer, ...access.headers }, tls }, from)
  }

  /** The same object as before where nothing has changed. */
  #settle(parts: Omit<Identity, 'connection'>, from: string): Identity {
    const { server, proxy, tls, headers } = parts
    const connection = createHash('sha256')
      .update(JSON.stringify([server, proxy, tls]))
      .digest('hex')
    const before = this.#identity
    const isSame = before?.connection === connection
    if (isSame && JSON.stringify(before.headers) === JSON.stringify(headers)) return before
    if (!isSame) assertUsable(tls, from)
    this.#identity = { ...parts, connection }
    this.#reported = ''
    return this.#identity
  }

  #pluginOf(plugin: Plugin | undefined): ExecPlugin | undefined {
    const settings = JSON.stringify(plugin)
    if (this.#plugin?.settings === settings) return this.#plugin?.exec
    this.#plugin?.exec[Symbol.dispose]()
    const onProblem = (error: unknown): void => this.#report(error)
    this.#plugin = plugin && { settings, exec: new ExecPlugin(plugin, onProblem) }
    return this.#plugin?.exec
  }

  #freshMs(): number {
    if (this.#plugin === undefined) return evaluateEveryMs
    const leftMs = this.#plugin.exec.renewAt - Date.now()
    return Math.max(evaluateLeastMs, Math.min(evaluateEveryMs, leftMs))
  }

  #report(error: unknown): void {
    this.#hasProblem = true
    const said = error instanceof Error ? error.message : 'unknown'
    if (said === this.#reported || this.#identity === undefined) return
    this.#reported = said
    this.#source.onProblem?.(error)
  }
}

interface Start {
  readonly server: string
  readonly namespace: string | undefined
}

/** A token that is no token, as a page of a proxy would be, is not sent, and not shown. */
function bearerOf(token: string | undefined, from: string): Headers {
  if (token === undefined) return {}
  if (!/^[!-~]+$/.test(token.trim()))
    throw misconfigured(`${from}: the token holds characters that none can have`)
  return { authorization: `Bearer ${token.trim()}` }
}

/** A certificate without its key, or with another's, as while two files are being replaced. */
function assertUsable({ ca, cert, key }: Tls, from: string): void {
  if ((cert === undefined) !== (key === undefined)) {
    throw misconfigured(`${from}: a client certificate and its key belong together, and one is not there`)
  }
  if (ca !== undefined && !ca.includes('-----BEGIN CERTIFICATE-----')) {
    throw misconfigured(`${from}: the certificate authority must be a certificate as PEM`)
  }
  try {
    createSecureContext(defined({ ca, cert, key }))
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : 'unknown'
    throw misconfigured(`${from}: the client certificate and its key cannot be used: ${problem}`, cause)
  }
}

async function textOf(material: Material | undefined): Promise<string | undefined> {
  if (material?.kind !== 'file') return material?.text
  try {
    const text = await readFile(material.path, 'utf8')
    if (text.trim() === '') throw new Error(`${material.path} is empty`)
    return text
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : 'unknown'
    throw misconfigured(`a file of the credentials cannot be read: ${problem}`, cause)
  }
}

type Defined<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> }

function defined<T extends object>(all: T): Defined<T>
function defined(all: object): object {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}
