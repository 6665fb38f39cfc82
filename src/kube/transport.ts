import type { Dispatcher } from 'undici'
import type { Call } from '../lib/call.ts'
import { limited } from '../lib/deadline.ts'
import { wait } from '../lib/wait.ts'
import { bodyOf, failureOf, headerOf, streamOf } from './answers.ts'
import { pauseAfter } from './attempts.ts'
import { Credentials, type CredentialsOptions, type Identity } from './credentials.ts'
import { KubeError, noAnswer, refusal } from './fault.ts'
import type { Frame } from './frames.ts'
import { Pools } from './pools.ts'
import { Thaw } from './thaw.ts'

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

/**
 * Asks the API server. Throws nothing but a KubeError. What is held back with 429 and Retry-After is asked again when its time
 * has come, if that is within the deadline; reads also after 5xx with Retry-After and after a lost connection.
 */
export interface KubeRequests {
  request(request: KubeRequest, call: Call): Promise<unknown>
}

export interface KubeStreams {
  /** Aborted when the API server answers again after an outage; whoever waits for the next outage's end takes it anew. */
  readonly back?: AbortSignal
  /**
   * The lines of an answer that does not end, as they come; `idleMs` without a byte ends it with an error. So does the end of an
   * outage: a connection on which everything was lost tells nobody that it was.
   */
  stream(request: KubeRequest & { readonly idleMs: number }, call: Call): AsyncIterable<Frame>
}

export interface KubeTransport extends KubeRequests, KubeStreams, AsyncDisposable {
  /** The pod's own, or the kubeconfig's, or `default`. */
  readonly namespace: string
  /** Over connections of its own, so that a lease is renewed whatever else is under way; asks once. */
  readonly leases: KubeRequests
}

export interface KubeOptions extends CredentialsOptions {
  /** Counts requests by answer; `code` is `<error>` where there was none. */
  readonly requests?: { inc(labels: { code: string; method: string; host: string }): void }
  readonly userAgent?: string
  /** The most connections for requests; leases and streams have their own. */
  readonly connections?: number
}

const deadlineMs = 30_000
const connectMs = 5_000
/** One that nobody accepts must leave time for another before the lease is lost. */
const leaseConnectMs = 3_000
const megabyte = 1_048_576
const maxAnswerBytes = 16 * megabyte
/** The API server takes objects of up to 3 MB. */
const maxFrameBytes = 4 * megabyte

/** Finds the API server and the credentials for it; nothing is sent yet. Throws a KubeError. */
export async function connectKube(options: KubeOptions = {}): Promise<KubeTransport> {
  const credentials = await Credentials.load(options)
  try {
    await credentials.current()
  } catch (error) {
    credentials[Symbol.dispose]()
    throw error
  }
  return new Connection(credentials, options)
}

class Connection implements KubeTransport {
  readonly namespace: string
  readonly leases: KubeRequests
  readonly #credentials: Credentials
  readonly #options: KubeOptions
  readonly #thaw = new Thaw(() => performance.now())
  readonly #pools: Pools
  readonly #leasePools = new Pools({ connections: 2, connectMs: leaseConnectMs })
  /** As many as there are watches: those would otherwise take the place of requests for good. */
  readonly #streamPools = new Pools({ connections: null, connectMs })

  constructor(credentials: Credentials, options: KubeOptions) {
    this.#credentials = credentials
    this.#options = options
    this.#pools = new Pools({ connections: options.connections ?? 32, connectMs })
    this.namespace = credentials.namespace ?? 'default'
    this.leases = {
      request: (request, call) =>
        limited(deadlineOf(request), call, inTime => this.#ask(request, this.#leasePools, inTime)),
    }
  }

  request(request: KubeRequest, call: Call): Promise<unknown> {
    return limited(deadlineOf(request), call, inTime => this.#insist(request, inTime))
  }

  async #insist(request: KubeRequest, call: Call): Promise<unknown> {
    const end = performance.now() + deadlineOf(request)
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#thaw.admit(call)
        return await this.#ask(request, this.#pools, call)
      } catch (error) {
        const pauseMs = pauseAfter(error, request, attempt, Math.random)
        // What was refused stays so for the caller: a time-out would leave open what became of it.
        if (pauseMs === undefined || performance.now() + pauseMs >= end) throw error
        const isStopped = await wait(pauseMs, call).then(
          () => false,
          () => true,
        )
        if (isStopped) throw error
      }
    }
  }

  get back(): AbortSignal {
    return this.#thaw.back
  }

  async *stream(request: KubeRequest & { readonly idleMs: number }, call: Call): AsyncIterable<Frame> {
    const timeouts = { headersTimeout: request.deadlineMs ?? deadlineMs, bodyTimeout: request.idleMs }
    const untilBack = { signal: AbortSignal.any([call.signal, this.back]) }
    await this.#thaw.admit(call)
    const { answer } = await this.#send({ request, pools: this.#streamPools, timeouts }, untilBack)
    yield* streamOf(answer, maxFrameBytes, untilBack)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#credentials[Symbol.dispose]()
    await Promise.all([this.#pools, this.#leasePools, this.#streamPools].map(pools => pools.close()))
  }

  async #ask(request: KubeRequest, pools: Pools, call: Call): Promise<unknown> {
    const { answer } = await this.#send({ request, pools, timeouts: {} }, call)
    return bodyOf(answer, request.maxBytes ?? maxAnswerBytes, call)
  }

  /** Resolves with the head of an answer that is no error. */
  async #send(sending: Sending, call: Call): Promise<Sent> {
    const identity = await unlessStopped(this.#credentials.current(), call)
    const first = await this.#dispatch(sending, identity, call)
    if (first.answer.statusCode !== 401) return accepted(first, call)
    const refused = await errorOf(first.answer, call)
    const renewed = await unlessStopped(this.#credentials.renewed(identity), call).catch((cause: unknown) => {
      throw unauthorized(refused, cause)
    })
    if (renewed === undefined) throw refused
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
      this.#thaw.answered()
      count(String(answer.statusCode))
      return { answer }
    } catch (error) {
      count('<error>')
      const failure = failureOf(error, call.signal, URL.parse(identity.proxy ?? '')?.host)
      this.#thaw.failed(failure)
      throw failure
    }
  }
}

const deadlineOf = (request: KubeRequest): number => request.deadlineMs ?? deadlineMs

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
  const reading = limited(deadlineMs, call, inTime => bodyOf(answer, megabyte, inTime))
  const body = await reading.catch(() => undefined)
  return refusal(statusCode, body, headerOf(headers, 'retry-after'), headerOf(headers, 'date'))
}

/** A 401 all the same, since nothing was done; and why there is no better answer. */
function unauthorized({ status, reason, message }: KubeError, cause: unknown): KubeError {
  const because = cause instanceof Error ? cause.message : 'unknown'
  return new KubeError({ status, reason }, `${message}; and there are no new credentials: ${because}`, {
    cause,
  })
}

/** Waits for what others wait for too, and no longer than the call may. */
async function unlessStopped<T>(shared: Promise<T>, { signal }: Call): Promise<T> {
  const stopped = Promise.withResolvers<never>()
  const stop = (): void => {
    const error = failureOf(signal.reason, signal)
    const isLate = error.reason === 'Timeout'
    stopped.reject(
      isLate ? noAnswer('Timeout', 'there were no credentials for the API server in time') : error,
    )
  }
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    return await Promise.race([shared, stopped.promise])
  } finally {
    signal.removeEventListener('abort', stop)
  }
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
