import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { basename, join } from 'node:path'

/** A Python package index of the wheels in a folder, which can be gone for a while. */
export class IndexServer implements AsyncDisposable {
  readonly #folder: string
  readonly #host: string
  #server: Server | undefined

  constructor(folder: string, host: string) {
    this.#folder = folder
    this.#host = host
  }

  async start(): Promise<void> {
    this.#server = createServer((request, response) => void this.#answer(request.url ?? '', response))
    this.#server.listen(80, this.#host)
    await once(this.#server, 'listening')
  }

  /** Connections are refused until it is started again. */
  async stop(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    server?.closeAllConnections()
    if (server !== undefined) await new Promise(resolve => server.close(resolve))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #answer(url: string, response: ServerResponse): Promise<void> {
    const [, kind, name = ''] = decodeURIComponent(url.split('?')[0] ?? '').split('/')
    const wheels = (await readdir(this.#folder)).filter(each => each.endsWith('.whl'))
    if (kind === 'wheels' && wheels.includes(basename(name))) {
      response.writeHead(200, { 'content-type': 'application/octet-stream' })
      createReadStream(join(this.#folder, basename(name))).pipe(response)
      return
    }
    const fitting = wheels.filter(each => projectOf(each) === name)
    response.writeHead(kind === 'simple' && fitting.length > 0 ? 200 : 404, { 'content-type': 'text/html' })
    response.end(fitting.map(each => `<a href="/wheels/${each}">${each}</a>`).join('\n'))
  }
}

/** As PEP 503 writes the name of what a wheel is of. */
const projectOf = (wheel: string): string =>
  (wheel.split('-')[0] ?? '').toLowerCase().replaceAll(/[-_.]+/g, '-')
