import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { poll } from '../../../src/lib/wait.ts'
import { ownRun, runVariables } from './run-name.ts'
import { namespaces, processesOf, tidy } from './traces.ts'

/** Where programs note what they made, outside the namespaces: inside, these folders are the run's own. */
const noted = [namespaces, '/run/systemd/nspawn']

const endMs = 30_000

/** Flags of `unshare`: networks, process ids and mounts of its own, all of which end with the first process. */
export const apart = ['--net', '--pid', '--fork', '--kill-child=SIGKILL', '--mount-proc'] as const

export interface Inside {
  /** Ends everything inside. */
  readonly signal: AbortSignal
  readonly variables: Readonly<Record<string, string>>
  readonly heard: (text: string) => void
}

/**
 * Runs a program where no packet can leave, as the first process of its own namespaces. It ends with this process, however
 * that ends, and everything ends with it: the kernel kills the processes, and so the mounts and networks are gone too.
 * Folders and cgroups are taken away here, or by the next run.
 */
export async function runInside(
  words: readonly string[],
  { signal, variables, heard }: Inside,
): Promise<void> {
  await tidy()
  const run = ownRun()
  for (const each of noted) mkdirSync(each, { recursive: true })
  const inner = [
    'sh',
    '-c',
    `${noted.map(each => `mount -t tmpfs tmpfs ${each}`).join(' && ')} && exec "$@"`,
    'sh',
    ...words,
  ]
  const child = spawn('setpriv', ['--pdeathsig', 'SIGKILL', 'unshare', ...apart, ...inner], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
    env: { ...process.env, ...variables, ...runVariables(run) },
  })
  const end = (): unknown => child.kill('SIGKILL')
  signal.addEventListener('abort', end)
  child.stdout.setEncoding('utf8').on('data', heard)
  try {
    await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
  } finally {
    signal.removeEventListener('abort', end)
    await ended(run)
  }
}

/** Nothing of this run is alive, and nothing is left. */
async function ended(run: string): Promise<void> {
  const none = (): true | undefined => (processesOf(run).length === 0 ? true : undefined)
  await poll(none, 20, { signal: AbortSignal.timeout(endMs) })
  await tidy(run)
}
