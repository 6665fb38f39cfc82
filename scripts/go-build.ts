import { type ChildProcess, spawn } from 'node:child_process'
import { access, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { every, poll } from '../src/lib/wait.ts'

export interface Job {
  /** Begins every line of progress. */
  readonly name: string
  /** What is built, and how long it takes. */
  readonly what: string
  /** The folder with go.mod and go.sum. */
  readonly sources: string
  /** The file or folder to make. It appears whole or not at all. */
  readonly target: string
  /** What `go build` is told, once for each of its runs, so that these make `into`. */
  readonly runs: (into: string) => readonly (readonly string[])[]
}

interface Asked {
  readonly signal: AbortSignal
  readonly progress: (line: string) => void
}

/** The control plane takes 5 to 8 minutes on two cores where nothing is cached. */
const deadlineMs = 30 * 60_000

/** Builds with Go, or waits for whoever is already building it. */
export async function build(job: Job, { signal, progress }: Asked): Promise<void> {
  const asked = { signal: AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]), progress }
  await mkdir(dirname(job.target), { recursive: true })
  const lock = `${job.target}.lock`
  if ((await turn(job, lock, asked)) === 'made') return
  try {
    await compile(job, asked)
  } finally {
    await rm(lock, { force: true })
  }
}

/** Waits until somebody else has made the target, or until it is ours to make. */
function turn({ name, target }: Job, lock: string, { signal, progress }: Asked): Promise<'made' | 'ours'> {
  const waiting = poll(
    async () => {
      if (await exists(target)) return 'made'
      return (await takeLock(lock)) ? 'ours' : undefined
    },
    500,
    { signal },
  )
  return reported(waiting, seconds => progress(`${name}: waiting for another builder, ${seconds} s`))
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

async function compile(job: Job, { signal, progress }: Asked): Promise<void> {
  const { name, target } = job
  const seconds = stopwatch()
  progress(`${name}: building ${job.what}`)
  const temporary = `${target}.${process.pid}`
  const said: string[] = []
  try {
    const runs = inTurn(job, job.runs(temporary), { signal, heard: line => said.push(line) })
    await reported(runs, elapsed =>
      progress(`${name}: building, ${elapsed} s, ${said.length} packages, at ${said.at(-1) ?? 'the first'}`),
    )
    await rename(temporary, target)
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    throw new Error(`${name}: not built in ${seconds()} s:\n${said.slice(-20).join('\n')}`, { cause: error })
  }
  progress(`${name}: built in ${seconds()} s (${target})`)
}

interface Heard {
  readonly signal: AbortSignal
  readonly heard: (line: string) => void
}

async function inTurn({ sources }: Job, runs: readonly (readonly string[])[], call: Heard): Promise<void> {
  for (const args of runs) {
    const go = spawn('go', ['build', '-trimpath', '-buildvcs=false', '-v', ...args], {
      cwd: sources,
      signal: call.signal,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    createInterface({ input: go.stderr }).on('line', call.heard)
    const code = await ended(go)
    if (code !== 0) throw new Error(`go build ended with ${code}`)
  }
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
