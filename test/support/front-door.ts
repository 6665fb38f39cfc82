import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as later } from 'node:timers'

/** After so many seconds TCP asks again whether anybody is there. */
const retransmissions = [1, 3, 7, 15]

/** A second port before a server's own, out of reach in the two ways that servers are. */
export class FrontDoor implements AsyncDisposable {
  readonly #server: Server
  /** Connections from outside, each with its other half towards the server. */
  readonly #halves = new Map<Socket, Socket>()
  readonly #waiting = new Map<Socket, number>()
  readonly #lost = new Set<Socket>()
  readonly #listener = createServer(socket => this.#meet(socket))
  #state: 'open' | 'refusing' | 'silent' = 'open'

  private constructor(server: Server) {
    this.#server = server
  }

  static async open(server: Server): Promise<FrontDoor> {
    const door = new FrontDoor(server)
    for (const each of [server, door.#listener]) {
      each.listen(0, '127.0.0.1')
      await once(each, 'listening')
    }
    return door
  }

  get port(): number {
    return portOf(this.#listener)
  }

  /** Every connection breaks, and none can be made. */
  refuse(): void {
    this.#state = 'refusing'
    for (const socket of this.#halves.keys()) socket.resetAndDestroy()
  }

  /** Whatever is sent is lost: no connection breaks, none is made, and those there were are never heard of again. */
  swallow(): void {
    this.#state = 'silent'
    for (const [outer, inner] of this.#halves) {
      this.#lost.add(outer)
      outer.unpipe(inner)
      inner.unpipe(outer)
      inner.destroy()
    }
    this.#halves.clear()
  }

  /** Reachable again. Whoever still tries to connect gets through when TCP next asks. */
  restore(): void {
    this.#state = 'open'
    const now = performance.now()
    for (const [socket, since] of this.#waiting) {
      const next = retransmissions.map(seconds => since + seconds * 1_000).find(at => at > now) ?? now
      later(() => socket.destroyed || this.#admit(socket), next - now)
    }
    this.#waiting.clear()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close()
    for (const socket of [...this.#halves.keys(), ...this.#lost, ...this.#waiting.keys()]) socket.destroy()
  }

  #meet(socket: Socket): void {
    socket.on('error', () => undefined)
    if (this.#state === 'refusing') return void socket.resetAndDestroy()
    if (this.#state === 'open') return this.#admit(socket)
    this.#waiting.set(socket, performance.now())
  }

  #admit(outer: Socket): void {
    const inner = connect(portOf(this.#server), '127.0.0.1')
    this.#halves.set(outer, inner)
    inner.on('error', () => outer.destroy())
    inner.on('close', () => this.#lost.has(outer) || outer.destroy())
    outer.on('close', () => {
      this.#halves.delete(outer)
      inner.destroy()
    })
    outer.pipe(inner).pipe(outer)
  }
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
