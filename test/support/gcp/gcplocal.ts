import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Call } from '../../../src/lib/call.ts'
import { poll } from '../../../src/lib/wait.ts'
import { cachedFolder } from '../cached-folder.ts'
import { freePort } from '../dask-processes.ts'
import { step, tell } from '../python.ts'

const version = '0.1.0'
const startMs = 60_000

export interface GcpLocal extends AsyncDisposable {
  readonly port: number
}

/** An emulator of Google Cloud that others wrote, on a port of its own. It is installed once, from the package index that pip has. */
export async function startGcpLocal(): Promise<GcpLocal> {
  const make = async (folder: string, { signal }: Call): Promise<void> => {
    tell(`installing gcplocal ${version}`)
    await step('python3', ['-m', 'venv', folder], { signal })
    const pip = ['-m', 'pip', 'install', '--quiet', `gcplocal==${version}`]
    await step(join(folder, 'bin', 'python'), pip, { signal })
  }
  const folder = await cachedFolder(`gcplocal-${version}`, make, { signal: AbortSignal.timeout(600_000) })
  const port = await freePort()
  const args = ['start', '--host', '127.0.0.1', '--port', String(port)]
  const child = spawn(join(folder, 'bin', 'gcplocal'), args, { stdio: 'ignore' })
  const isUp = async (): Promise<true | undefined> =>
    fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => undefined,
    )
  await poll(isUp, 100, { signal: AbortSignal.timeout(startMs) })
  return {
    port,
    async [Symbol.asyncDispose]() {
      child.kill()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}
