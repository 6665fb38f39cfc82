import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { schedulerServerName } from '../../src/pki/identity.ts'
import { DaskProcesses, freePort } from '../../test/support/dask-processes.ts'
import { anIdentity } from '../../test/support/pki-fixture.ts'
import { daskPython } from '../../test/support/python.ts'
import type { WatchedScheduler } from './pool-program.ts'

const limitMs = 600_000

/**
 * KiB of memory that the operator's pool takes for each scheduler it watches: real Dask schedulers, each with an authority
 * of its own, over mutual TLS, watched by a process that does nothing else.
 */
export async function kibPerScheduler(count: number, progress: (line: string) => void): Promise<number> {
  const signal = AbortSignal.timeout(limitMs)
  const python = await daskPython({ signal, progress })
  await using all = new AsyncDisposableStack()
  const schedulers: WatchedScheduler[] = []
  for (let at = 0; at < count; at++) {
    const dask = all.use(await DaskProcesses.create(python))
    const port = await freePort()
    await dask.scheduler(port)
    const { authority, client } = dask.bundle
    const tls = { ca: authority.certificate, cert: client.certificate, key: client.key }
    schedulers.push({ uid: randomUUID(), host: '127.0.0.1', port, serverName, ...tls })
  }
  return await watched(schedulers, signal)
}

const serverName = schedulerServerName(anIdentity.uid)
const program = join(import.meta.dirname, 'pool-program.ts')

async function watched(schedulers: readonly WatchedScheduler[], signal: AbortSignal): Promise<number> {
  const child = fork(program, { execArgv: ['--expose-gc'], signal })
  child.on('error', () => undefined)
  child.send(schedulers)
  const answer = once(child, 'message', { signal })
  const ended = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`the process that watches schedulers ended with ${code}`)
  })
  const [kib]: readonly unknown[] = await Promise.race([answer, ended])
  ended.catch(() => undefined)
  child.disconnect()
  return Number(kib)
}
