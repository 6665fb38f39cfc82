import { noAnswer } from '../../src/kube/fault.ts'
import type { Frame } from '../../src/kube/frames.ts'
import type { KubeRequest, KubeRequests, KubeStreams } from '../../src/kube/transport.ts'
import type { Call } from '../../src/lib/call.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** An API server with an empty collection, on a driven clock, that can be out of reach. It keeps what it was asked. */
export class OutageServer implements KubeRequests, KubeStreams {
  /** When each request came, and what it was. */
  readonly asked: { readonly at: number; readonly kind: 'list' | 'watch'; readonly query: Query }[] = []
  /** What becomes of requests at a time; undefined is an answer as it should be. */
  trouble: (at: number, kind: 'list' | 'watch') => Error | 'empty' | undefined = () => undefined
  readonly #clock: VirtualClock
  #back = new AbortController()
  readonly #streams = new Set<AbortController>()

  constructor(clock: VirtualClock) {
    this.#clock = clock
  }

  /** Every watch ends with an error, as where the server dies. */
  breakStreams(): void {
    for (const stream of this.#streams) stream.abort(noAnswer('Unreachable', 'the connection broke'))
    this.#streams.clear()
  }

  get back(): AbortSignal {
    return this.#back.signal
  }

  /** Somebody else's request was answered after an outage. */
  tellOfReturn(): void {
    const before = this.#back
    this.#back = new AbortController()
    before.abort(noAnswer('Returned', 'the API server answers again'))
  }

  async request({ query = {} }: KubeRequest): Promise<unknown> {
    const trouble = this.#ask('list', query)
    if (trouble instanceof Error) throw trouble
    return { metadata: { resourceVersion: '7' }, items: [] }
  }

  async *stream({ query = {} }: KubeRequest, call: Call): AsyncIterable<Frame> {
    const trouble = this.#ask('watch', query)
    if (trouble instanceof Error) throw trouble
    yield { kind: 'opened' }
    if (trouble === 'empty') return
    const broken = new AbortController()
    this.#streams.add(broken)
    const end = { signal: AbortSignal.any([call.signal, broken.signal, this.back]) }
    await this.#clock.wait(Number(query['timeoutSeconds']) * 1_000, end)
  }

  #ask(kind: 'list' | 'watch', query: Query): Error | 'empty' | undefined {
    const at = this.#clock.now()
    this.asked.push({ at, kind, query })
    return this.trouble(at, kind)
  }
}

type Query = NonNullable<KubeRequest['query']>
