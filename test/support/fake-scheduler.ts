import { once } from 'node:events'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import { encode } from '@msgpack/msgpack'

import { FrameParser, frameMessage } from '../../src/dask/frames.ts'
import { decodeMessage } from '../../src/dask/messages.ts'
import { isRecord } from '../../src/lib/parse.ts'
import { poll } from '../../src/lib/wait.ts'
import type { Bundle } from '../../src/pki/bundle.ts'

export interface FakeWorker {
  status: string
  /** Undefined until the first heartbeat. */
  executing?: number
  /** A worker that the scheduler cannot reach: a question to it is answered only when others give up. */
  reach: 'answers' | 'refuses' | 'black-hole'
}

/** Dask's scheduler as far as the operator speaks with it: state and faults, over real mutual TLS on this computer. */
export class FakeScheduler implements AsyncDisposable {
  id = 'Scheduler-1'
  /** `mute` takes requests and never answers; `babbling` says more than it was asked. */
  mood: 'well' | 'mute' | 'babbling' = 'well'
  /** Seconds since the epoch, or null while tasks run. */
  idleSince: number | null = 1_700_000_000.25
  /** Ids of the clients that users have connected. */
  users: readonly string[] = ['fire-and-forget']
  readonly workers = new Map<string, FakeWorker>()
  /** The client certificates' serial numbers of the connections that are open now. */
  readonly clients = new Map<TLSSocket, string>()
  accepted = 0
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  static async listen(
    { authority, scheduler }: Pick<Bundle, 'authority' | 'scheduler'>,
    port = 0,
    host = '127.0.0.1',
  ): Promise<FakeScheduler> {
    const server = createServer({
      ca: authority.certificate,
      cert: scheduler.certificate,
      key: scheduler.key,
      requestCert: true,
      rejectUnauthorized: true,
    })
    const fake = new FakeScheduler(server)
    server.on('secureConnection', socket => fake.#serve(socket))
    server.listen(port, host)
    await once(server, 'listening')
    return fake
  }

  get port(): number {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('not listening')
    return address.port
  }

  set(name: string, worker: Partial<FakeWorker> = {}): void {
    this.workers.set(name, { status: 'running', executing: 0, reach: 'answers', ...worker })
  }

  /** Resets every connection, as a firewall does that has forgotten them. */
  drop(): void {
    for (const socket of this.clients.keys()) socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.drop()
    this.#server.close()
    await poll(() => (this.#server.listening ? undefined : true), 5, { signal: AbortSignal.timeout(5_000) })
  }

  #serve(socket: TLSSocket): void {
    const parser = new FrameParser()
    this.accepted += 1
    this.clients.set(socket, socket.getPeerCertificate().serialNumber)
    socket.on('close', () => this.clients.delete(socket))
    socket.on('error', () => socket.destroy())
    say(socket, { compression: null, python: [3, 11, 0], 'pickle-protocol': 5 })
    socket.on('data', (bytes: Buffer) => {
      for (const frames of parser.feed(bytes)) this.#hear(socket, decodeMessage(frames))
    })
  }

  #hear(socket: TLSSocket, request: unknown): void {
    if (!isRecord(request) || typeof request['op'] !== 'string' || this.mood === 'mute') return
    if (request['op'] === 'close') return void socket.end()
    const answer = this.#answer(request['op'], request)
    if (answer === later) return
    say(socket, answer)
    if (this.mood === 'babbling') for (let more = 0; more < 3; more++) say(socket, answer)
  }

  #answer(op: string, request: Readonly<Record<string, unknown>>): unknown {
    switch (op) {
      case 'identity':
        return { type: 'Scheduler', id: this.id, workers: this.#identities([...this.workers.keys()]) }
      case 'broadcast':
        return this.#broadcast(request['workers'])
      case 'retire_workers':
        return this.#retire(request)
      case 'check_idle':
        return this.idleSince
      case 'dump_state':
        return { type: 'Scheduler', clients: Object.fromEntries(this.users.map(id => [id, {}])) }
      case 'fail':
        return { status: 'uncaught-error', exception_text: 'ValueError("no")', traceback_text: '' }
      default:
        return null
    }
  }

  #broadcast(addresses: unknown): unknown {
    const asked = (Array.isArray(addresses) ? addresses : []).map(String).map(nameOf)
    const reached = (name: string, reach: string): boolean => this.workers.get(name)?.reach === reach
    if (asked.some(name => reached(name, 'black-hole'))) return later
    return this.#identities(asked.filter(name => reached(name, 'answers')))
  }

  #retire({ names, remove }: Readonly<Record<string, unknown>>): unknown {
    const known = (Array.isArray(names) ? names : []).map(String).filter(name => this.workers.has(name))
    const retired = this.#identities(known)
    for (const name of known) {
      if (remove === true) this.workers.delete(name)
      else this.set(name, { ...this.workers.get(name), status: 'closing_gracefully' })
    }
    return retired
  }

  #identities(names: readonly string[]): Record<string, unknown> {
    return Object.fromEntries(
      names.map(name => {
        const { status, executing } = this.workers.get(name) ?? { status: 'gone' }
        const metrics = executing === undefined ? {} : { task_counts: executing === 0 ? {} : { executing } }
        return [`${scheme}${name}:9000`, { type: 'Worker', id: name, name, nthreads: 2, status, metrics }]
      }),
    )
  }
}

const later = Symbol('no answer')
const scheme = 'tls://'
const nameOf = (address: string): string => address.slice(scheme.length).replace(/:\d+$/, '')

function say(socket: TLSSocket, message: unknown): void {
  if (socket.writable) socket.write(frameMessage(encode(message)))
}
