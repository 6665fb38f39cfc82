import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { type Call, within } from '../../src/lib/call.ts'

const run = promisify(execFile)

/** Dask 2026.8 asks for it. */
const oldestMinor = 10

/** What has to be installed before the local cloud can make its environment, or undefined. Where the API server comes from is looked for later. */
export async function missing(call: Call): Promise<string | undefined> {
  const minor = await answer('python3', ['-I', '-c', 'import sys; print(sys.version_info[1])'], call)
  if (minor === undefined)
    return `there is no python3 on the PATH. Install Python 3.${oldestMinor} or newer (Debian, Ubuntu: apt-get install python3 python3-venv).`
  if (Number(minor) < oldestMinor)
    return `python3 on the PATH is Python 3.${minor}: Dask needs Python 3.${oldestMinor} or newer.`
  if ((await answer('uv', ['--version'], call)) !== undefined) return undefined
  if ((await answer('python3', ['-I', '-c', 'import venv, ensurepip; print("yes")'], call)) !== undefined)
    return undefined
  return 'python3 on the PATH has no venv. Install it (Debian, Ubuntu: apt-get install python3-venv), or install uv.'
}

/** Undefined where the program is not there or fails. */
async function answer(file: string, args: readonly string[], call: Call): Promise<string | undefined> {
  try {
    return (await run(file, [...args], within(call, 10_000))).stdout.trim()
  } catch {
    call.signal.throwIfAborted()
    return undefined
  }
}
