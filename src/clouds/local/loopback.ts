import { once } from 'node:events'
import { lstat, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { CloudError } from '../../model/faults.ts'
import type { Endpoint } from '../../model/machine.ts'
import { codeOf, unlessMissing } from './faults.ts'

const attempts = 50
/** A claim is older than what it is made for; after this long the two are there together or not at all. */
const graceMs = 60_000

/**
 * Addresses of this computer that nobody outside it reaches. On Linux every machine has one of its own in
 * 127.64.0.0/10; where only 127.0.0.1 is set up (macOS, not tried there) they share it and have ports of their own. A
 * claim is a file that names its holder, a path: it counts as long as that path exists.
 */
export class Loopback {
  /** The folder of claims. */
  readonly claims: string

  readonly #hasOwnAddresses: () => Promise<boolean>

  constructor(
    claims = defaultClaims(),
    hasOwnAddresses = (): Promise<boolean> => canListen({ host: '127.64.0.1', port: 0 }),
  ) {
    this.claims = claims
    this.#hasOwnAddresses = hasOwnAddresses
  }

  /** An endpoint for `holder` alone, with this port where machines have addresses of their own. */
  async claim(port: number, holder: string): Promise<Endpoint> {
    await this.#prepare()
    const hasOwnAddresses = await this.#hasOwnAddresses()
    for (let attempt = 0; attempt < attempts; attempt++) {
      const endpoint = hasOwnAddresses
        ? { host: anyHost(), port }
        : { host: '127.0.0.1', port: await freePort() }
      if (!(await this.#take(endpoint, holder))) continue
      if (await canListen(endpoint)) return endpoint
      await this.release(endpoint, holder)
    }
    throw new CloudError('no-capacity', 'This computer has no loopback address left')
  }

  async release(endpoint: Endpoint, holder: string): Promise<void> {
    const path = this.#path(endpoint)
    if ((await unlessMissing(readFile(path, 'utf8'))) === holder) await rm(path, { force: true })
  }

  /** A claim on a whole address, so that no two machines share one. */
  #path({ host, port }: Endpoint): string {
    return join(this.claims, host === '127.0.0.1' ? `${host}:${port}` : host)
  }

  async #take(endpoint: Endpoint, holder: string): Promise<boolean> {
    const path = this.#path(endpoint)
    if (await isStale(path)) await rm(path, { force: true })
    try {
      await writeFile(path, holder, { flag: 'wx', mode: 0o600 })
      return true
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false
      throw error
    }
  }

  /** The folder for temporary files is everybody's: what stands there under our name must be ours. */
  async #prepare(): Promise<void> {
    await mkdir(this.claims, { recursive: true, mode: 0o700 })
    const found = await lstat(this.claims)
    const isOurs = process.getuid === undefined || found.uid === process.getuid()
    if (found.isDirectory() && isOurs && (found.mode & 0o022) === 0) return
    throw new CloudError('unauthorized', `${this.claims} is not a folder of the operator's own`)
  }
}

/** One folder for all installations of a user: they share the computer's addresses. */
const defaultClaims = (): string => join(tmpdir(), `dask-cloud-operator-${process.getuid?.() ?? 0}`)

async function isStale(path: string): Promise<boolean> {
  const holder = await unlessMissing(readFile(path, 'utf8'))
  const made = await unlessMissing(stat(path))
  if (holder === undefined || made === undefined || Date.now() - made.mtimeMs < graceMs) return false
  return (await unlessMissing(lstat(holder))) === undefined
}

/** One of 4 million, and none that looks like a network's own. */
function anyHost(): string {
  const [b, c, d] = [64 + random(64), random(256), 1 + random(254)]
  return `127.${b}.${c}.${d}`
}

const random = (below: number): number => Math.floor(Math.random() * below)

async function canListen(endpoint: Endpoint): Promise<boolean> {
  return (await portOf(endpoint)) !== undefined
}

async function freePort(): Promise<number> {
  const port = await portOf({ host: '127.0.0.1', port: 0 })
  if (port === undefined) throw new CloudError('no-capacity', 'This computer has no free port')
  return port
}

/** Listens for a moment; undefined where that is not possible. */
async function portOf({ host, port }: Endpoint): Promise<number | undefined> {
  const server = createServer()
  try {
    server.listen({ host, port, exclusive: true })
    await once(server, 'listening')
    const address = server.address()
    return typeof address === 'object' ? address?.port : undefined
  } catch {
    return undefined
  } finally {
    server.close()
  }
}
