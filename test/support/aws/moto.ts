import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Call } from '../../../src/lib/call.ts'
import { poll } from '../../../src/lib/wait.ts'
import { cachedFolder } from '../cached-folder.ts'
import { freePort } from '../dask-processes.ts'
import { step, tell } from '../python.ts'

const version = '5.2.5'
const startMs = 60_000

export interface Moto extends AsyncDisposable {
  readonly endpoint: string
}

/** An emulator of AWS that others wrote, on a port of its own. It is installed once, from the package index that pip has. */
export async function startMoto(): Promise<Moto> {
  const make = async (folder: string, { signal }: Call): Promise<void> => {
    tell(`installing moto ${version}, half a minute`)
    await step('python3', ['-m', 'venv', folder], { signal })
    const pip = ['-m', 'pip', 'install', '--quiet', `moto[server,ec2,ssm]==${version}`]
    await step(join(folder, 'bin', 'python'), pip, { signal })
  }
  const folder = await cachedFolder(`moto-${version}`, make, { signal: AbortSignal.timeout(600_000) })
  const port = await freePort()
  const child = spawn(join(folder, 'bin', 'moto_server'), ['-H', '127.0.0.1', '-p', String(port)], {
    stdio: 'ignore',
    env: { ...process.env, MOTO_ENABLE_AMI_VALIDATION: '1', MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION: '1' },
  })
  const endpoint = `http://127.0.0.1:${port}`
  const isUp = async (): Promise<true | undefined> =>
    fetch(`${endpoint}/moto-api/`).then(
      () => true,
      () => undefined,
    )
  await poll(isUp, 100, { signal: AbortSignal.timeout(startMs) })
  return {
    endpoint,
    async [Symbol.asyncDispose]() {
      child.kill()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}
