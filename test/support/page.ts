import { once } from 'node:events'
import { request } from 'node:https'

import { textIn } from '../../src/pki/stored.ts'
import { inTime } from './dask-processes.ts'

/** What a page is asked for with: a client's Secret, and the name that the server's certificate is to have. */
export interface Visitor {
  readonly secret: Parameters<typeof textIn>[0]
  readonly serverName: string
}

/** The HTTP status of a page behind mutual TLS; 'refused' where no connection is had. */
export async function pageStatus(url: string, { secret, serverName }: Visitor): Promise<number | 'refused'> {
  const [ca, cert, key] = ['ca.crt', 'tls.crt', 'tls.key'].map(name => textIn(secret, name))
  const asked = request(url, { servername: serverName, agent: false, ca, cert, key }).end()
  try {
    const [{ statusCode }] = await once(asked, 'response', inTime(20_000))
    return statusCode
  } catch {
    return 'refused'
  } finally {
    asked.destroy()
  }
}
