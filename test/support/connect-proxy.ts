import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'

/** What the proxy does with a CONNECT: opens a tunnel, says a status instead, or nothing at all. */
export type Manner = 'tunnel' | 'silence' | number

interface Tunnel {
  readonly authorization: string | undefined
  readonly client: Socket
  readonly server: Socket
  bytes: number
}

/** An HTTP proxy that opens tunnels with CONNECT, and lets nothing more through those that a test has frozen. */
export class ConnectProxy implements AsyncDisposable {
  manner: Manner = 'tunnel'
  /** In the order of their opening, also those that were closed. */
  readonly tunnels: Tunnel[] = []
  /** Each CONNECT, whatever became of it. */
  readonly asked: string[] = []
  readonly #sockets = new Set<Socket>()
  readonly #frozen = new Set<Tunnel>()
  readonly #server = createServer((_, answer) => answer.writeHead(400).end())
  readonly #port: number

  private constructor(port: number) {
    this.#port = port
    this.#server.on('connect', (asked, client: Socket) => this.#connect(asked, client))
    this.#server.on('connection', socket => this.#keep(socket))
  }

  /** Whatever name is asked for, tunnels lead to this port of 127.0.0.1. */
  static async open(port: number): Promise<ConnectProxy> {
    const proxy = new ConnectProxy(port)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get url(): string {
    const address = this.#server.address()
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
  }

  /** The tunnels that are open now stay so, and swallow everything. */
  freeze(): number {
    const open = this.tunnels.filter(({ client }) => !client.destroyed)
    for (const tunnel of open) this.#frozen.add(tunnel)
    return open.length
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }

  #connect({ url = '', headers }: IncomingMessage, client: Socket): void {
    this.asked.push(url)
    if (this.manner === 'silence') return
    if (typeof this.manner === 'number') return void client.end(`HTTP/1.1 ${this.manner} No\r\n\r\n`)
    const server = connect(this.#port, '127.0.0.1', () => client.write('HTTP/1.1 200 Open\r\n\r\n'))
    this.#keep(server)
    const tunnel = { authorization: headers['proxy-authorization'], client, server, bytes: 0 }
    this.tunnels.push(tunnel)
    this.#pass(tunnel, client, server)
    this.#pass(tunnel, server, client)
  }

  #pass(tunnel: Tunnel, from: Socket, to: Socket): void {
    from.on('data', (chunk: Buffer) => {
      if (this.#frozen.has(tunnel)) return
      tunnel.bytes += chunk.length
      to.write(chunk)
    })
    from.on('close', () => to.destroy())
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => this.#sockets.delete(socket))
  }
}
