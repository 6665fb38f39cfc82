import { AsyncLocalStorage } from 'node:async_hooks'
import type { Call } from '../../lib/call.ts'
import { limited } from '../../lib/deadline.ts'
import type { CallName } from './calls.ts'
import { type AzureCredentials, credentialOf, prove } from './credentials.ts'
import { resourceManager, tokenScope } from './endpoints.ts'
import { translated } from './faults.ts'
import { AzureGate } from './gate.ts'
import { type Clients, openClients, type Policy } from './sdk.ts'

/** A call may wait for its turn and for its answer so long, whatever its caller has. */
const patienceMs = 30_000

/** What is given to the SDK with each call. */
export interface Options {
  readonly abortSignal: AbortSignal
}

/** The SDK asks for further pages and for operations without the signal that it was given. */
const terms = new AsyncLocalStorage<Call>()

/**
 * One credential's way to one subscription. Every call passes `make`: each of its requests keeps to Azure's rates and is tried
 * once (the house tries again by itself, and knows what a second try may do), and it fails with a CloudError and nothing else.
 */
export class AzureSession {
  readonly subscriptionId: string
  readonly clients: Clients
  readonly #credential: ReturnType<typeof credentialOf>
  #gate = new AzureGate()

  constructor(subscriptionId: string, credentials: AzureCredentials | undefined) {
    this.subscriptionId = subscriptionId
    this.#credential = credentialOf(credentials)
    this.clients = openClients(this.#credential, subscriptionId, {
      endpoint: resourceManager(),
      scope: tokenScope(),
      policy: this.#policy(),
    })
  }

  /** Whose calls these are: all that one principal does in a subscription shares its rates. */
  share(gate: AzureGate): void {
    this.#gate = gate
  }

  /** The principal's object id, by a token that is asked for anew: it needs no right at all. */
  async prove(call: Call): Promise<string> {
    try {
      const { objectId } = await limited(patienceMs, call, limit => prove(this.#credential, limit))
      return objectId
    } catch (error) {
      throw translated(error, 'token')
    }
  }

  make<T>(
    name: CallName,
    call: Call,
    send: (options: Options) => Promise<T>,
    ms: number = patienceMs,
  ): Promise<T> {
    return limited(ms, call, async limit => {
      const { signal } = limit
      try {
        const sent = terms.run(limit, () => send({ abortSignal: signal }))
        // A token may be waited for with no regard to the signal.
        return await Promise.race([sent, ended(signal)])
      } catch (error) {
        throw translated(error, name)
      }
    })
  }

  #policy(): Policy {
    return {
      name: 'dask-cloud-operator',
      sendRequest: async (request, next) => {
        const call = terms.getStore()
        if (call !== undefined) {
          request.abortSignal ??= call.signal
          await this.#gate.pass(request, call)
          // The SDK begins operations with a signal of their own: nothing is sent for whom it is too late.
          call.signal.throwIfAborted()
        }
        const answer = await next(request)
        if (answer.status === 429 && !isOfOne(answer.bodyAsText))
          this.#gate.told(request, retryMs(answer.headers.get('retry-after')))
        return answer
      },
    }
  }
}

/** Said of a single resource that is locked for the moment: others have nothing to do with it. */
const isOfOne = (body: string | null | undefined): boolean =>
  (body ?? '').includes('RetryableErrorDueToAnotherOperation')

const retryMs = (seconds: string | undefined): number => Math.max(0, Number(seconds ?? 0) || 0) * 1_000

const ended = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })

/** What others wait for, too, goes on when one of them gives up. */
export async function unlessStopped<T>(work: Promise<T>, { signal }: Call): Promise<T> {
  try {
    return await Promise.race([work, ended(signal)])
  } catch (error) {
    throw translated(error, 'resourceSkus.list')
  }
}
