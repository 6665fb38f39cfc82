import { connect as connectPlain, type Socket } from 'node:net'
import { checkServerIdentity, connect, createSecureContext, type SecureContext } from 'node:tls'

import type { Call } from '../lib/call.ts'
import { limited } from '../lib/deadline.ts'
import { isRecord } from '../lib/parse.ts'
import { DaskError } from './fault.ts'
import { Turnstile } from './turnstile.ts'
import { stopped, Wire } from './wire.ts'

/** What a connection is opened with; all PEM. Parsing it costs more than the handshake: keep the context. */
export interface TlsMaterial {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

export interface SchedulerTarget {
  readonly host: string
  readonly port: number
  /** `off`: plain TCP. */
  readonly tls: TlsMaterial | SecureContext | 'off'
  /** The DNS name that the scheduler's certificate must have, whatever its address; undefined where its authority has to do. */
  readonly serverName: string | undefined
}

/** For one request and its answer; schedulers answer in microseconds, unless a user's code holds Python's lock. */
const answerMs = 10_000
const connectMs = 10_000

/** What Dask's own Python client says of itself, as far as a server looks at it. No compression: we read none. */
const greeting = { compression: null, python: [3, 10, 0], 'pickle-protocol': 4 }

/** Throws a `DaskError` where the texts cannot be read. */
export function tlsContext({ ca, cert, key }: TlsMaterial): SecureContext {
  try {
    return createSecureContext({ ca, cert, key, minVersion: 'TLSv1.2' })
  } catch {
    // The cause is left out: OpenSSL's words for a key it cannot read are not ours to vouch for.
    throw new DaskError('protocol', 'the operator’s own certificate, key or authority cannot be read')
  }
}

/** Resolves once TLS, the pinned name and Dask's greeting are right. Throws a `DaskError` and nothing else. */
export async function connectScheduler(target: SchedulerTarget, call: Call): Promise<SchedulerConnection> {
  if (call.signal.aborted) throw stopped(call.signal, 'no time was left to connect')
  const peer = `${target.host}:${target.port}`
  const wire = new Wire(socketTo(target), peer, greeting)
  const answer = await limited(connectMs, call, inTime => wire.receive(inTime))
  if (isRecord(answer) && 'pickle-protocol' in answer) return new SchedulerConnection(wire)
  wire.close()
  throw new DaskError('not-dask', `${peer} is no Dask scheduler`)
}

function socketTo({ host, port, serverName, tls }: SchedulerTarget): Socket {
  if (tls === 'off') return connectPlain({ host, port })
  return connect({
    host,
    port,
    secureContext: 'ca' in tls ? tlsContext(tls) : tls,
    ...(serverName === undefined ? {} : { servername: serverName }),
    checkServerIdentity: (_, certificate) =>
      serverName === undefined ? undefined : checkServerIdentity(serverName, certificate),
  })
}

/** An open connection. Calls may overlap; they are made one after the other, since answers carry no number. */
export class SchedulerConnection {
  readonly #wire: Wire
  readonly #turn = new Turnstile(1)

  constructor(wire: Wire) {
    this.#wire = wire
  }

  /** SHA-256 of the certificate that the scheduler has shown; undefined without TLS. */
  get print(): string | undefined {
    return this.#wire.print
  }

  get isOpen(): boolean {
    return this.#wire.failure === undefined
  }

  /**
   * The bare answer to one request. A call that runs out of time closes the connection, unless it was still waiting for
   * its turn. Throws a `DaskError` and nothing else.
   */
  call(op: string, args: Readonly<Record<string, unknown>>, call: Call): Promise<unknown> {
    return limited(answerMs, call, async inTime => {
      try {
        return await this.#turn.through(() => this.#ask(op, args, inTime), inTime)
      } catch (error) {
        throw error instanceof DaskError
          ? error
          : stopped(inTime.signal, `${op}: the calls before it took too long`)
      }
    })
  }

  [Symbol.dispose](): void {
    this.#wire.close()
  }

  async #ask(op: string, args: Readonly<Record<string, unknown>>, call: Call): Promise<unknown> {
    this.#wire.send({ op, reply: true, ...args })
    const answer = await this.#wire.receive(call)
    if (isRecord(answer) && answer['status'] === 'uncaught-error')
      throw remoteError(op, answer['exception_text'])
    return answer
  }
}

function remoteError(op: string, said: unknown): DaskError {
  const words = typeof said === 'string' ? said.replaceAll(/\s+/g, ' ').slice(0, 200) : 'an error'
  return new DaskError('remote', `the scheduler answered ${op} with ${words}`)
}
