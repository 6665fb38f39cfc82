import { AsyncLocalStorage } from 'node:async_hooks'
import type { GoogleAuth } from 'google-auth-library'
import { EnvHttpProxyAgent, fetch } from 'undici'
import type { Call } from '../../lib/call.ts'
import { limited } from '../../lib/deadline.ts'
import type { CallName } from './calls.ts'
import { authOf, type GcpCredentials, proveCredentials } from './credentials.ts'
import { translated } from './faults.ts'
import { type GcpGate, gcpGate } from './gate.ts'
import { type Clients, openClients, placeIn } from './sdk.ts'

/** A call may wait for its turn and for its answer so long, whatever its caller has. */
const patienceMs = 30_000
/** Google answers a wait for an operation after two minutes, whether it is done or not. */
export const waitMs = 125_000

/** What is asked of the SDK for one call: nothing is tried again by it. */
export interface Options {
  readonly timeout: number
  readonly retry: null
  /** Pages are asked for one by one, so that what is said beside their items is read, too. */
  readonly autoPaginate: false
}

interface Terms {
  readonly signal: AbortSignal
  /** Of the answer, what is asked for: Google's `fields`. */
  readonly fields: string | undefined
}

export interface Manner {
  readonly fields?: string
  readonly patienceMs?: number
}

/** The SDK takes neither a signal nor `fields`: both reach the request beside it. */
const terms = new AsyncLocalStorage<Terms>()

/**
 * One credential's way to one project. Every call passes `make`: it keeps to Google's rates, is tried once (the house tries
 * again by itself, and knows what a second try may do), and fails with a CloudError and nothing else.
 */
export class GcpSession {
  readonly project: string
  readonly clients: Clients
  readonly #auth: GoogleAuth
  #gate: GcpGate = gcpGate()

  private constructor(project: string, auth: GoogleAuth) {
    this.project = project
    this.#auth = auth
    this.clients = openClients(heeding(auth), placeIn(process.env))
  }

  static async open(project: string, credentials: GcpCredentials | undefined): Promise<GcpSession> {
    return new GcpSession(project, await authOf(credentials))
  }

  /** Whose calls these are: one project's share its rates, whatever credential they are made with. */
  share(gate: GcpGate): void {
    this.#gate = gate
  }

  /** By a token that is asked for anew, which needs no right at all. */
  async prove(call: Call): Promise<void> {
    await limited(patienceMs, call, limit => proveCredentials(this.#auth, limit)).catch((error: unknown) => {
      throw translated(error, 'token')
    })
  }

  make<T>(
    name: CallName,
    call: Call,
    send: (options: Options) => Promise<T>,
    { fields, patienceMs: ms = patienceMs }: Manner = {},
  ): Promise<T> {
    return limited(ms, call, async limit => {
      await this.#gate.pass(name, limit)
      const { signal } = limit
      try {
        const sent = terms.run({ signal, fields }, () =>
          send({ timeout: ms, retry: null, autoPaginate: false }),
        )
        // A token may be waited for with no regard to the signal.
        return await Promise.race([sent, ended(signal)])
      } catch (error) {
        const known = translated(error, name)
        if (known.fault === 'throttled') this.#gate.told(name)
        throw known
      }
    })
  }

  close(): void {
    for (const client of Object.values(this.clients)) client.close().catch(() => undefined)
  }
}

const ended = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })

const dispatcher = new EnvHttpProxyAgent()
/** The library's own throws where nobody can catch it when a request with a body begins after its signal was aborted. */
const fetchImplementation = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one standard, declared by Node's types and by undici's own
  const [asked, manner] = [input, { ...init, dispatcher }] as unknown as Parameters<typeof fetch>
  return fetch(asked, manner)
}

/** The same, and each request ends with the signal of the call that it is made for. */
function heeding(auth: GoogleAuth): GoogleAuth {
  const fetched = auth.fetch.bind(auth)
  auth.fetch = (input: string | URL, init: RequestInit = {}) => {
    const told = terms.getStore()
    if (told === undefined) return fetched(input, init)
    const url = new URL(input)
    if (told.fields !== undefined) url.searchParams.set('fields', told.fields)
    const signals = [told.signal, ...(init.signal ? [init.signal] : [])]
    const manner = { fetchImplementation, signal: AbortSignal.any(signals) }
    return fetched(url, { ...init, ...manner })
  }
  return auth
}
