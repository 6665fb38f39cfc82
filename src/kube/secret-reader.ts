import { limited } from '../lib/deadline.ts'
import { TokenBucket } from '../lib/token-bucket.ts'
import { Turns } from '../lib/turns.ts'
import { type SecretRef, type Secrets, type StoredSecret, secretKey } from './secrets.ts'

/** Whatever tenants ask for: the API server is asked for their Secrets so often, in all. */
const rate = { perSecond: 20, size: 20 }
const limitMs = 10_000

type Answer = StoredSecret | undefined

interface Flight extends PromiseWithResolvers<Answer> {
  readonly ref: SecretRef
}

/**
 * Reads tenants' Secrets, one by one: a read is shared by all who ask before its answer, and namespaces take turns, so
 * that one with ten thousand clusters does not hold up the others.
 */
export class SecretReader implements AsyncDisposable {
  readonly #secrets: Pick<Secrets, 'read'>
  readonly #bucket: TokenBucket
  readonly #flights = new Map<string, Flight>()
  readonly #turns = new Turns<Flight>(({ ref }) => ref.namespace)
  readonly #stop = new AbortController()
  #serving: Promise<void> | undefined

  constructor(secrets: Pick<Secrets, 'read'>, now: () => number = () => performance.now()) {
    this.#secrets = secrets
    this.#bucket = new TokenBucket(rate, now)
  }

  /** Undefined where there is none. Throws a KubeError or a ParseError. */
  read(ref: SecretRef): Promise<Answer> {
    const key = secretKey(ref)
    const flight = this.#flights.get(key) ?? this.#begin(key, ref)
    this.#wake()
    return flight.promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the operator stops'))
    await this.#serving
    await Promise.allSettled([...this.#flights.values()].map(({ promise }) => promise))
  }

  #begin(key: string, ref: SecretRef): Flight {
    const flight = { ref, ...Promise.withResolvers<Answer>() }
    const over = (): void => void this.#flights.delete(key)
    flight.promise.then(over, over)
    this.#flights.set(key, flight)
    this.#turns.add(flight)
    return flight
  }

  #wake(): void {
    this.#serving ??= this.#serve().finally(() => {
      this.#serving = undefined
      if (this.#turns.size > 0) this.#wake()
    })
  }

  async #serve(): Promise<void> {
    for (let flight = this.#turns.take(); flight !== undefined; flight = this.#turns.take()) {
      await this.#bucket.take(this.#stop).then(() => this.#fly(flight), flight.reject)
    }
  }

  /** Answers need not wait for each other. */
  #fly({ ref, resolve, reject }: Flight): void {
    limited(limitMs, this.#stop, call => this.#secrets.read(ref, call)).then(resolve, reject)
  }
}
