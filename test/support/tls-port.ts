import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:tls'

import type { Bundle } from '../../src/pki/bundle.ts'

/** A port that speaks mutual TLS as a scheduler of this bundle's cluster does. */
export async function aTlsPort({
  authority,
  scheduler,
}: Bundle): Promise<AsyncDisposable & { port: number }> {
  const server = createServer({
    ca: authority.certificate,
    cert: scheduler.certificate,
    key: scheduler.key,
    requestCert: true,
  })
  server.on('secureConnection', socket => socket.on('error', () => undefined).resume())
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    [Symbol.asyncDispose]: () => new Promise(resolve => server.close(() => resolve())),
  }
}
