import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { type Call, within } from '../../src/lib/call.ts'
import { schedulerServerName } from '../../src/pki/identity.ts'
import { DaskProcesses, freePort } from '../../test/support/dask-processes.ts'
import { anIdentity } from '../../test/support/pki-fixture.ts'
import { daskPython } from '../../test/support/python.ts'
import type { BenchCall, Home } from './home.ts'
import type { WatchedScheduler, Watching } from './pool-program.ts'

const limitMs = 600_000

/**
 * What the operator's pool takes for each scheduler it watches: real Dask schedulers, each with an authority of its own,
 * over mutual TLS, watched by a process that does nothing else.
 */
export async function watchSchedulers(count: number, home: Home, call: BenchCall): Promise<Watching> {
  const { progress } = call
  const { signal } = within(call, limitMs)
  const python = await daskPython({ signal, progress })
  const started: DaskProcesses[] = []
  await using all = new AsyncDisposableStack()
  all.defer(async () => void (await Promise.all(started.map(dask => dask[Symbol.asyncDispose]()))))
  const schedulers: WatchedScheduler[] = []
  while (schedulers.length < count) {
    signal.throwIfAborted()
    const dask = await DaskProcesses.create(python, home.directory)
    started.push(dask)
    schedulers.push(await begun(dask, home))
  }
  return await watched(schedulers, home, { signal })
}

async function begun(dask: DaskProcesses, home: Home): Promise<WatchedScheduler> {
  const port = await freePort()
  home.guard((await dask.scheduler(port)).child)
  const { authority, client } = dask.bundle
  const tls = { ca: authority.certificate, cert: client.certificate, key: client.key }
  return { uid: randomUUID(), host: '127.0.0.1', port, serverName, ...tls }
}

const serverName = schedulerServerName(anIdentity.uid)
const program = join(import.meta.dirname, 'pool-program.ts')

async function watched(
  schedulers: readonly WatchedScheduler[],
  home: Home,
  { signal }: Call,
): Promise<Watching> {
  const child = fork(program, { execArgv: ['--expose-gc'], signal })
  home.guard(child)
  child.on('error', () => undefined)
  child.send(schedulers)
  const answer = once(child, 'message', { signal })
  const ended = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`the process that watches schedulers ended with ${code}`)
  })
  const [watching]: readonly Watching[] = (await Promise.race([answer, ended])) as never
  ended.catch(() => undefined)
  child.disconnect()
  if (watching === undefined) throw new Error('the process that watches schedulers said nothing')
  return watching
}
