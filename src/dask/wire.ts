import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

import type { Call } from '../lib/call.ts'
import { DaskError, explained } from './fault.ts'
import { FrameParser } from './frames.ts'
import { decodeMessage, encodeMessage } from './messages.ts'

type Stage = 'tcp' | 'tls' | 'greeting' | 'plain' | 'dask'

const silence = {
  tcp: 'did not accept the connection in time',
  tls: 'accepted the connection and did not speak TLS in time',
  greeting: 'speaks TLS and did not greet as Dask does in time',
  plain: 'accepted the connection and did not greet as Dask does without TLS in time',
  dask: 'did not answer in time',
} as const satisfies Record<Stage, string>

const closure = {
  tcp: 'closed the connection',
  tls: 'closed the connection',
  greeting: 'speaks TLS and closed the connection before it greeted',
  plain: 'accepted the connection and closed it before it greeted: does it ask for TLS?',
  dask: 'closed the connection',
} as const satisfies Record<Stage, string>

/** A peer that takes nothing more does not hear our goodbye either. */
const goodbyeMs = 1_000

interface Reader {
  resolve(message: unknown): void
  reject(error: DaskError): void
}

/** Dask messages over one socket, of TLS or without. Its first failure ends it, and is what everybody hears who asks later. */
export class Wire {
  readonly #socket: Socket
  readonly #peer: string
  readonly #parser = new FrameParser()
  #stage: Stage = 'tcp'
  #reader: Reader | undefined
  #failure: DaskError | undefined

  /** `peer` is how messages name the other side; `greeting` is sent as soon as the peer has proved who it is. */
  constructor(socket: Socket, peer: string, greeting: Readonly<Record<string, unknown>>) {
    this.#socket = socket
    this.#peer = peer
    socket.setNoDelay(true)
    socket.setKeepAlive(true, 15_000)
    const isPlain = !(socket instanceof TLSSocket)
    socket.once('connect', () => {
      this.#stage = isPlain ? 'plain' : 'tls'
    })
    socket.once(isPlain ? 'connect' : 'secureConnect', () => {
      if (!isPlain) this.#stage = 'greeting'
      this.send(greeting)
    })
    socket.on('data', (bytes: Buffer) => this.#take(bytes))
    socket.on('error', error => this.#fail(explained(error, peer)))
    socket.on('close', () => this.#fail(new DaskError('unreachable', `${peer} ${closure[this.#stage]}`)))
  }

  /** SHA-256 of the certificate that the peer has shown. `getPeerX509Certificate` would tell it once (Node 24.21). */
  get print(): string | undefined {
    return this.#socket instanceof TLSSocket ? this.#socket.getPeerCertificate().fingerprint256 : undefined
  }

  get failure(): DaskError | undefined {
    return this.#failure
  }

  send(message: Readonly<Record<string, unknown>>): void {
    if (this.#failure === undefined) this.#socket.write(encodeMessage(message))
  }

  /**
   * The next message; ask before it can come. When the signal is aborted the wire ends: a late answer must not be taken
   * for another's.
   */
  receive({ signal }: Call): Promise<unknown> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => {
      const stop = (): void => this.#fail(stopped(signal, `${this.#peer} ${silence[this.#stage]}`))
      const settled = <T>(settle: (value: T) => void) => {
        return (value: T): void => {
          signal.removeEventListener('abort', stop)
          settle(value)
        }
      }
      this.#reader = { resolve: settled(resolve), reject: settled(reject) }
      if (signal.aborted) stop()
      else signal.addEventListener('abort', stop, { once: true })
    })
  }

  /** Says goodbye as Dask does, and lets go. */
  close(): void {
    if (this.#failure !== undefined) return
    if (this.#stage === 'dask') this.send({ op: 'close', reply: false })
    this.#failure = new DaskError('unreachable', `the connection to ${this.#peer} was closed here`)
    this.#socket.setTimeout(goodbyeMs, () => this.#socket.destroy())
    this.#socket.destroySoon()
    this.#refuseReader(this.#failure)
  }

  #take(bytes: Buffer): void {
    if (this.#failure !== undefined) return
    try {
      for (const frames of this.#parser.feed(bytes)) this.#deliver(decodeMessage(frames))
    } catch (error) {
      const said = error instanceof Error ? error.message : 'unreadable'
      const fault = this.#stage === 'dask' ? 'protocol' : 'not-dask'
      this.#fail(new DaskError(fault, `${this.#peer} sent what is not Dask’s: ${said}`, { cause: error }))
    }
  }

  #deliver(message: unknown): void {
    this.#stage = 'dask'
    const reader = this.#reader
    this.#reader = undefined
    if (reader === undefined) throw new Error('a message that nobody asked for')
    reader.resolve(message)
  }

  #fail(found: DaskError): void {
    if (this.#failure !== undefined) return
    const error = this.#stage === 'tcp' ? unreached(found) : found
    this.#failure = error
    this.#socket.destroy()
    this.#refuseReader(error)
  }

  #refuseReader(error: DaskError): void {
    const reader = this.#reader
    this.#reader = undefined
    reader?.reject(error)
  }
}

/** What silence means before anybody has taken the connection. */
function unreached(error: DaskError): DaskError {
  const { fault, message, cause } = error
  if (fault !== 'unreachable' && fault !== 'timeout') return error
  return new DaskError('unreached', message, { cause })
}

const isDeadline = (reason: unknown): boolean => reason instanceof Error && reason.name === 'TimeoutError'

/** The failure that an aborted signal stands for. */
export function stopped({ reason }: AbortSignal, inTime: string): DaskError {
  const said = isDeadline(reason) ? inTime : 'stopped before an answer came'
  return new DaskError('timeout', said, { cause: reason })
}
