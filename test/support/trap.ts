import { once } from 'node:events'
import { createServer } from 'node:net'

/** A server where nobody has any business: it counts who comes, whatever they want. */
export interface Trap extends AsyncDisposable {
  readonly visits: number
  /** `tls` for `tls://127.0.0.1:PORT`. */
  url(scheme: string): string
}

export async function openTrap(): Promise<Trap> {
  let visits = 0
  const server = createServer(socket => {
    visits += 1
    socket.destroy()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return {
    get visits() {
      return visits
    },
    url: scheme => `${scheme}://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => new Promise(resolve => server.close(() => resolve())),
  }
}
