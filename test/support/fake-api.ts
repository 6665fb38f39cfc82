import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectKube, type KubeOptions, type KubeTransport } from '../../src/kube/transport.ts'
import { poll } from '../../src/lib/wait.ts'

export interface Asked {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly authorization: string | undefined
  readonly isWatch: boolean
}

export type Answer =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: unknown }
  /** Nothing is ever said. */
  | 'silence'
  /** The connection is closed instead. */
  | 'hang-up'
  /** The answer begins and does not end: for `FakeApi.send`. */
  | 'stream'

/** An API server that answers as a test tells it to, over real HTTP. */
export class FakeApi implements AsyncDisposable {
  readonly asked: Asked[] = []
  readonly sockets = new Set<Socket>()
  readonly #streams: ServerResponse[] = []
  readonly #server = createServer((request, response) => this.#take(request, response))
  #folder = ''
  /** Asked in the order of arrival. */
  answer: (asked: Asked) => Answer = () => ({ status: 404 })

  async start(): Promise<this> {
    this.#folder = await mkdtemp(join(tmpdir(), 'fake-api-'))
    this.#server.on('connection', socket => {
      this.sockets.add(socket)
      socket.on('close', () => this.sockets.delete(socket))
    })
    await new Promise<void>(resolve => {
      this.#server.listen(0, '127.0.0.1', resolve)
    })
    await this.writeToken('first')
    return this
  }

  /** Credentials are read from a file, as in a pod. */
  writeToken(token: string): Promise<void> {
    return writeFile(join(this.#folder, 'token'), `${token}\n`)
  }

  async connect(options: KubeOptions = {}): Promise<KubeTransport> {
    const address = this.#server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const file = join(this.#folder, 'kubeconfig')
    const server = { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true }
    const config = {
      'current-context': 'fake',
      clusters: [{ name: 'fake', cluster: server }],
      users: [{ name: 'fake', user: { tokenFile: join(this.#folder, 'token') } }],
      contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'fake', namespace: 'team-a' } }],
    }
    await writeFile(file, JSON.stringify(config))
    return connectKube({ kubeconfig: file, ...options })
  }

  /** Says a line to every open stream. */
  send(line: unknown): void {
    const text = typeof line === 'string' ? line : JSON.stringify(line)
    for (const stream of this.#streams) stream.write(`${text}\n`)
  }

  endStreams(): void {
    for (const stream of this.#streams.splice(0)) stream.end()
  }

  get openStreams(): number {
    return this.#streams.filter(stream => !stream.destroyed && !stream.writableEnded).length
  }

  lists(): readonly Asked[] {
    return this.asked.filter(({ isWatch }) => !isWatch)
  }

  watches(): readonly Asked[] {
    return this.asked.filter(({ isWatch }) => isWatch)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    await new Promise(resolve => {
      this.#server.close(resolve)
    })
    await rm(this.#folder, { recursive: true, force: true })
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    request.resume()
    const url = new URL(request.url ?? '/', 'http://fake')
    const asked: Asked = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      authorization: request.headers.authorization,
      isWatch: url.searchParams.has('watch'),
    }
    this.asked.push(asked)
    const answer = this.answer(asked)
    if (answer === 'silence') return
    if (answer === 'hang-up') return void request.socket.destroy()
    if (answer === 'stream') {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.flushHeaders()
      this.#streams.push(response)
      return
    }
    const body = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {})
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
    response.end(body)
  }
}

export const soon = <T>(ready: () => T | undefined, ms = 10_000): Promise<T> =>
  poll(ready, 5, { signal: AbortSignal.timeout(ms) })
