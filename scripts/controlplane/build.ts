import { type ChildProcess, spawn } from 'node:child_process'
import { access, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { every, poll } from '../../src/lib/wait.ts'

interface Job {
  /** The folder with go.mod, go.sum and main.go. */
  readonly sources: string
  /** The file to make. It appears whole or not at all. */
  readonly target: string
  /** Of Kubernetes, stamped into the programs: clients refuse an API server without one. */
  readonly version: string
}

interface Asked {
  readonly signal: AbortSignal
  readonly progress: (line: string) => void
}

/** A cold build takes 5 to 8 minutes on two cores. */
const deadlineMs = 30 * 60_000

/** Builds the control plane with Go, or waits for whoever is already building it. */
export async function build(job: Job, { signal, progress }: Asked): Promise<void> {
  const asked = { signal: AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]), progress }
  await mkdir(dirname(job.target), { recursive: true })
  const lock = `${job.target}.lock`
  if ((await turn(job.target, lock, asked)) === 'made') return
  try {
    await compile(job, asked)
  } finally {
    await rm(lock, { force: true })
  }
}

/** Waits until somebody else has made the target, or until it is ours to make. */
function turn(target: string, lock: string, { signal, progress }: Asked): Promise<'made' | 'ours'> {
  const waiting = poll(
    async () => {
      if (await exists(target)) return 'made'
      return (await takeLock(lock)) ? 'ours' : undefined
    },
    500,
    { signal },
  )
  return reported(waiting, seconds => progress(`control plane: waiting for another builder, ${seconds} s`))
}

/** Says how long it has taken, every ten seconds until the work is done. */
async function reported<T>(work: Promise<T>, report: (seconds: number) => void): Promise<T> {
  const seconds = stopwatch()
  const timer = every(10_000, () => report(seconds()))
  try {
    return await work
  } finally {
    timer[Symbol.dispose]()
  }
}

function stopwatch(): () => number {
  const began = Date.now()
  return () => Math.round((Date.now() - began) / 1_000)
}

async function compile({ sources, target, version }: Job, { signal, progress }: Asked): Promise<void> {
  const seconds = stopwatch()
  progress(`control plane: building Kubernetes ${version} with Go, 5 to 8 minutes on two cores, once`)
  const temporary = `${target}.${process.pid}`
  const [, major = '1', minor = ''] = /^v(\d+)\.(\d+)/.exec(version) ?? []
  const stamps = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap(stamped => [
    `-X ${stamped}.gitVersion=${version}`,
    `-X ${stamped}.gitMajor=${major}`,
    `-X ${stamped}.gitMinor=${minor}`,
  ])
  const flags = ['-trimpath', '-buildvcs=false', '-v', '-ldflags', ['-s', '-w', ...stamps].join(' ')]
  const go = spawn('go', ['build', ...flags, '-o', temporary, '.'], {
    cwd: sources,
    signal,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const said: string[] = []
  createInterface({ input: go.stderr }).on('line', line => said.push(line))
  const code = await reported(ended(go), elapsed =>
    progress(
      `control plane: building, ${elapsed} s, ${said.length} packages, at ${said.at(-1) ?? 'the first'}`,
    ),
  )
  if (code !== 0) {
    await rm(temporary, { force: true })
    throw new Error(`go build ended with ${code} after ${seconds()} s:\n${said.slice(-20).join('\n')}`)
  }
  await rename(temporary, target)
  progress(`control plane: built in ${seconds()} s (${target})`)
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
}

/** The lock is a file with its owner's process id; one whose owner has died is nobody's. */
async function takeLock(lock: string): Promise<boolean> {
  try {
    await using file = await open(lock, 'wx')
    await file.write(String(process.pid))
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const owner = Number(await readFile(lock, 'utf8').catch(() => ''))
  // A second builder, should two find the same dead lock, wastes time but breaks nothing: the target is renamed into place.
  if (owner > 0 && !isRunning(owner)) await rm(lock, { force: true })
  return false
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
