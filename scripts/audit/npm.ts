import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import type { Call } from '../../src/lib/call.ts'

export interface NpmSurroundings {
  readonly folder: string
  readonly env: NodeJS.ProcessEnv
}

export interface NpmAnswer {
  readonly output: string
  readonly complaints: string
  readonly code: number | null
}

/** Runs npm and gathers what it says, however it ends. Rejects where there is no npm, and when the call is stopped: npm is killed then. */
export async function npm(
  args: readonly string[],
  { folder, env }: NpmSurroundings,
  { signal }: Call,
): Promise<NpmAnswer> {
  const child = spawn('npm', args, {
    cwd: folder,
    env,
    signal,
    killSignal: 'SIGKILL',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(child, 'close')
  const [output, complaints, [code]] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { output, complaints, code: typeof code === 'number' ? code : null }
}
