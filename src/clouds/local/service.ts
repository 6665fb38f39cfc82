import { type ChildProcess, spawn } from 'node:child_process'

import { type Call, within } from '../../lib/call.ts'
import { wait } from '../../lib/wait.ts'
import { parseEnvironment } from './environment-file.ts'
import type { Journal } from './journal.ts'
import { folderVariable } from './processes.ts'
import type { Root } from './root.ts'
import type { Unit } from './unit-text.ts'

/** Dask may hang for ever after SIGTERM; nobody waits longer than this, whatever the unit says. */
const patienceMs = 5_000

/** Where a service runs, and who is told of it. */
export interface Place {
  readonly home: string
  readonly root: Root
  readonly journal: Journal
  /** A process was started. */
  started(pid: number): Promise<void>
  /** The service's own program runs. */
  active(): Promise<void>
  /** Ends whatever the service's programs have left behind. */
  sweep(): Promise<void>
}

export type Ending =
  | { readonly kind: 'exited'; readonly status: number }
  | { readonly kind: 'killed'; readonly signal: string }
  /** It did not come to the program itself. */
  | { readonly kind: 'not-started'; readonly problem: string }

/**
 * Keeps a service running as systemd would, by its unit's rules. Returns when systemd would leave it inactive, or when
 * the signal has stopped it.
 */
export async function keepService(name: string, unit: Unit, place: Place, call: Call): Promise<void> {
  for (;;) {
    const ending = await runOnce(name, unit, place, call)
    await place.sweep()
    place.journal.note(`${name} ${told(ending)}`)
    if (call.signal.aborted || !restarts(unit, ending)) return
    await wait(unit.restartMs, call).catch(() => undefined)
    if (call.signal.aborted) return
  }
}

/** systemd.service(5), table "Exit causes and the effect of the Restart= settings". */
export function restarts(
  unit: Pick<Unit, 'restart' | 'finalStatuses' | 'cleanStatuses'>,
  ending: Ending,
): boolean {
  if (ending.kind === 'exited' && unit.finalStatuses.includes(ending.status)) return false
  return unit.restart === 'always' || !isClean(unit, ending)
}

function isClean({ cleanStatuses }: Pick<Unit, 'cleanStatuses'>, ending: Ending): boolean {
  switch (ending.kind) {
    case 'exited':
      return ending.status === 0 || cleanStatuses.includes(ending.status)
    case 'killed':
      return ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGPIPE'].includes(ending.signal)
    case 'not-started':
      return false
    default:
      return ending satisfies never
  }
}

async function runOnce(name: string, unit: Unit, place: Place, call: Call): Promise<Ending> {
  const env = await environmentOf(name, unit, place)
  if (typeof env === 'string') return { kind: 'not-started', problem: env }
  const context = {
    env,
    cwd: place.root.path(unit.workingDirectory),
    stopMs: Math.min(unit.stopMs, patienceMs),
  }
  const starting = within(call, unit.startMs)
  for (const program of unit.before) {
    const ending = await runProgram(program, context, place, starting)
    if (ending.kind === 'exited' && ending.status === 0 && !starting.signal.aborted) continue
    const why = starting.signal.aborted && !call.signal.aborted ? 'took too long' : told(ending)
    return { kind: 'not-started', problem: `${program} ${why}` }
  }
  return runProgram(unit.command, { ...context, isService: true }, place, call)
}

/** What systemd gives a service, and nothing of the operator's own but the PATH and the language; or what is wrong. */
async function environmentOf(
  name: string,
  unit: Unit,
  { root, home }: Place,
): Promise<Readonly<Record<string, string>> | string> {
  const credentials = await root.prepare(unit, name)
  const state = root.path(unit.stateDirectory)
  const env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    LANG: process.env['LANG'] ?? 'C.UTF-8',
    HOME: state,
  }
  for (const { path, isOptional } of unit.environmentFiles) {
    const text = await root.read(path)
    if (text === undefined && !isOptional) return `${path} is missing`
    Object.assign(env, parseEnvironment(text ?? '', path))
  }
  return {
    ...env,
    STATE_DIRECTORY: state,
    CREDENTIALS_DIRECTORY: credentials,
    [folderVariable]: home,
  }
}

interface ProgramContext {
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly stopMs: number
  readonly isService?: boolean
}

/** Runs a program to its end; the signal ends it, politely at first. */
async function runProgram(path: string, context: ProgramContext, place: Place, call: Call): Promise<Ending> {
  if (call.signal.aborted) return { kind: 'not-started', problem: 'the machine is being stopped' }
  const { env, cwd, stopMs, isService } = context
  // In the group of the supervisor, so that one signal reaches all of the machine.
  const child = spawn(place.root.path(path), [], { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => place.journal.write(text))
  const ended = endOf(child)
  if (child.pid === undefined) return ended
  await place.started(child.pid)
  if (isService) await place.active()
  using attached = new DisposableStack()
  attached.use(stopping(child, stopMs, call))
  return await ended
}

function endOf(child: ChildProcess): Promise<Ending> {
  return new Promise(resolve => {
    child.once('error', ({ message }) => resolve({ kind: 'not-started', problem: message }))
    child.once('exit', (status, signal) =>
      resolve(signal === null ? { kind: 'exited', status: status ?? 0 } : { kind: 'killed', signal }),
    )
  })
}

/** Sends SIGTERM when the call ends, and SIGKILL where that was not enough. */
function stopping(child: ChildProcess, stopMs: number, { signal }: Call): Disposable {
  let timer: NodeJS.Timeout | undefined
  const stop = (): void => {
    child.kill('SIGTERM')
    timer = setTimeout(() => child.kill('SIGKILL'), stopMs)
  }
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
  return {
    [Symbol.dispose]() {
      signal.removeEventListener('abort', stop)
      clearTimeout(timer)
    },
  }
}

function told(ending: Ending): string {
  switch (ending.kind) {
    case 'exited':
      return `ended with status ${ending.status}`
    case 'killed':
      return `was ended by ${ending.signal}`
    case 'not-started':
      return `did not start: ${ending.problem}`
    default:
      return ending satisfies never
  }
}
