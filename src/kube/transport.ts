import type { Dispatcher } from 'undici'
import { type Call, within } from '../lib/call.ts'
import { wait } from '../lib/wait.ts'
import { bodyOf, failureOf, streamOf } from './answers.ts'
import { Credentials, type Identity, type Source } from './credentials.ts'
import { isKubeError, type KubeError, refusal } from './fault.ts'
import type { Frame } from './frames.ts'
import { Pools } from './pools.ts'

export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly body?: unknown
  /** `application/json` unless given. */
  readonly contentType?: string
  /** The longest wait for the whole answer. */
  readonly deadlineMs?: number
  /** The largest answer that is taken, in bytes. */
  readonly maxBytes?: number
}

/** Asks the API server. Throws nothing but a KubeError. */
export interface KubeRequests {
  request(request: KubeRequest, call: Call): Promise<unknown>
}

export interface KubeStreams {
  /** The lines of an answer that does not end, as they come; `idleMs` without a byte ends it with an error. */
  stream(request: KubeRequest & { readonly idleMs: number }, call: Call): AsyncIterable<Frame>
}

export interface KubeTransport extends KubeRequests, KubeStreams, AsyncDisposable {
  /** The pod's own, or the kubeconfig's, or `default`. */
  readonly namespace: string
  /** Over connections of its own, so that a lease is renewed whatever else is under way. */
  readonly leases: KubeRequests
}

export interface KubeOptions extends Source {
  /** Counts requests by answer; `code` is `<error>` where there was none. */
  readonly requests?: { inc(labels: { code: string; method: string; host: string }): void }
  readonly userAgent?: string
  /** The most connections for everything but leases. */
  readonly connections?: number
}

const deadlineMs = 30_000
const megabyte = 1_048_576
const maxAnswerBytes = 16 * megabyte
/** The API server takes objects of up to 3 MB. */
const maxFrameBytes = 4 * megabyte
const readTries = 3
const longestRetryAfterMs = 10_000

/** Finds the API server and the credentials for it; nothing is sent yet. Throws a KubeError. */
export async function connectKube(options: KubeOptions = {}): Promise<KubeTransport> {
  const credentials = await Credentials.load(options)
  await credentials.current()
  return new Connection(credentials, options)
}

class Connection implements KubeTransport {
  readonly namespace: string
  readonly leases: KubeRequests
  readonly #credentials: Credentials
  readonly #options: KubeOptions
  readonly #pools: Pools
  readonly #leasePools = new Pools(2)

  constructor(credentials: Credentials, options: KubeOptions) {
    this.#credentials = credentials
    this.#options = options
    this.#pools = new Pools(options.connections ?? 32)
    this.namespace = credentials.namespace ?? 'default'
    this.leases = {
      request: (request, call) => this.#ask(request, this.#leasePools, limitedOf(request, call)),
    }
  }

  async request(request: KubeRequest, call: Call): Promise<unknown> {
    const limited = limitedOf(request, call)
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#ask(request, this.#pools, limited)
      } catch (error) {
        const waitMs = attempt < readTries ? worthAnotherTry(request, error) : undefined
        if (waitMs === undefined) throw error
        await wait(waitMs, limited).catch(() => undefined)
      }
    }
  }

  async *stream(request: KubeRequest & { readonly idleMs: number }, call: Call): AsyncIterable<Frame> {
    const timeouts = { headersTimeout: request.deadlineMs ?? deadlineMs, bodyTimeout: request.idleMs }
    const { answer } = await this.#send({ request, pools: this.#pools, timeouts }, call)
    yield* streamOf(answer, maxFrameBytes, call)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#pools.close(), this.#leasePools.close()])
  }

  async #ask(request: KubeRequest, pools: Pools, call: Call): Promise<unknown> {
    const { answer } = await this.#send({ request, pools, timeouts: {} }, call)
    return bodyOf(answer, request.maxBytes ?? maxAnswerBytes, call)
  }

  /** Resolves with the head of an answer that is no error. */
  async #send(sending: Sending, call: Call): Promise<Sent> {
    const identity = await this.#credentials.current()
    const first = await this.#dispatch(sending, identity, call)
    if (first.answer.statusCode !== 401) return accepted(first, call)
    const refused = await errorOf(first.answer, call)
    const renewed = await this.#credentials.renewed(identity)
    if (renewed === undefined || renewed === identity) throw refused
    return accepted(await this.#dispatch(sending, renewed, call), call)
  }

  async #dispatch({ request, pools, timeouts }: Sending, identity: Identity, call: Call): Promise<Sent> {
    const { origin, pathname, host } = new URL(identity.server)
    const count = (code: string): void => this.#options.requests?.inc({ code, method: request.method, host })
    try {
      const answer = await pools.of(identity).request({
        origin,
        method: request.method,
        path: `${pathname === '/' ? '' : pathname}${request.path}${queryOf(request.query)}`,
        headers: headersOf(request, identity, this.#options.userAgent ?? 'dask-cloud-operator'),
        body: request.body === undefined ? null : JSON.stringify(request.body),
        signal: call.signal,
        ...timeouts,
      })
      count(String(answer.statusCode))
      return { answer }
    } catch (error) {
      count('<error>')
      throw failureOf(error, call.signal)
    }
  }
}

const limitedOf = (request: KubeRequest, call: Call): Call => within(call, request.deadlineMs ?? deadlineMs)

interface Sending {
  readonly request: KubeRequest
  readonly pools: Pools
  readonly timeouts: Pick<Dispatcher.RequestOptions, 'headersTimeout' | 'bodyTimeout'>
}

interface Sent {
  readonly answer: Dispatcher.ResponseData
}

async function accepted(sent: Sent, call: Call): Promise<Sent> {
  if (sent.answer.statusCode < 300) return sent
  throw await errorOf(sent.answer, call)
}

async function errorOf(answer: Dispatcher.ResponseData, call: Call): Promise<KubeError> {
  const { statusCode, headers } = answer
  const body = await bodyOf(answer, megabyte, within(call, deadlineMs)).catch(() => undefined)
  const retryAfter = headers['retry-after']
  return refusal(statusCode, body, typeof retryAfter === 'string' ? retryAfter : undefined)
}

/** How long to wait before a read is sent again, or undefined. A write is the caller's to repeat: only it knows how. */
function worthAnotherTry(request: KubeRequest, error: unknown): number | undefined {
  if (request.method !== 'GET' || !isKubeError(error)) return undefined
  // A connection that was closed while we wrote to it.
  if (error.reason === 'Unreachable') return 100
  if (error.status !== 429 && error.status !== 503) return undefined
  return error.retryAfterMs === undefined ? undefined : Math.min(error.retryAfterMs, longestRetryAfterMs)
}

function queryOf(query: KubeRequest['query']): string {
  const given = Object.entries(query ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as const],
  )
  return given.length === 0 ? '' : `?${new URLSearchParams(Object.fromEntries(given)).toString()}`
}

function headersOf({ body, contentType }: KubeRequest, identity: Identity, userAgent: string) {
  return {
    ...identity.headers,
    accept: 'application/json',
    'user-agent': userAgent,
    ...(body === undefined ? {} : { 'content-type': contentType ?? 'application/json' }),
  }
}
