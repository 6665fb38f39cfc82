import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

/** Time to end by itself after SIGTERM, before SIGKILL. */
const graceMs = 5_000

/**
 * Reads the process ids it has to watch (`+ pid`, `- pid`) and, when the pipe closes before it was told `done`, which is
 * what SIGKILL of the process at the other end does, ends them and removes the directory ($1, if not empty).
 */
const watchdogScript = `
pids=
while read -r sign pid; do
  case $sign in
    +) pids="$pids $pid" ;;
    -) rest=; for p in $pids; do [ "$p" = "$pid" ] || rest="$rest $p"; done; pids=$rest ;;
    done) exit 0 ;;
  esac
done
[ -z "$pids" ] || kill -KILL $pids 2>/dev/null
sleep 0.2
[ -z "$1" ] || rm -rf "$1"
`

/** Ends the control plane's processes if this process dies before it could. */
export class Watchdog {
  readonly #child: ChildProcess

  constructor(removes: string) {
    // A session of its own: what kills this process's group must not kill the one who cleans up after it.
    this.#child = spawn('/bin/sh', ['-c', watchdogScript, 'watchdog', removes], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    this.#child.on('error', () => undefined)
    this.#child.stdin?.on('error', () => undefined)
    this.#child.unref()
  }

  tell(line: string): void {
    this.#child.stdin?.write(`${line}\n`)
  }

  dismiss(): void {
    this.#child.stdin?.end('done\n')
  }
}

/** One program of the control plane, with its output in a file. */
export class Program {
  readonly name: string
  readonly log: string
  readonly ended: Promise<void>
  readonly #child: ChildProcess
  #end: string | undefined

  constructor(command: readonly string[], log: string, watchdog: Watchdog) {
    const [file = '', ...args] = command
    const output = openSync(log, 'a')
    this.#child = spawn(file, args, { stdio: ['ignore', output, output] })
    closeSync(output)
    this.log = log
    this.name = log.replace(/^.*\/|\.log$/g, '')
    const { pid } = this.#child
    if (pid !== undefined) watchdog.tell(`+ ${pid}`)
    this.ended = new Promise(resolve => {
      const end = (how: string): void => {
        this.#end ??= how
        if (pid !== undefined) watchdog.tell(`- ${pid}`)
        resolve()
      }
      this.#child.once('error', error => end(error.message))
      this.#child.once('exit', (code, signal) => end(signal ?? `exit code ${code}`))
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** How it ended, or undefined while it runs. */
  get end(): string | undefined {
    return this.#end
  }

  async stop(): Promise<void> {
    if (this.#end !== undefined) return
    this.#child.kill('SIGTERM')
    // A frozen process hears SIGTERM only once it is awake.
    this.#child.kill('SIGCONT')
    const grace = new AbortController()
    const late = delay(graceMs, undefined, { signal: grace.signal }).then(
      () => this.#child.kill('SIGKILL'),
      () => undefined,
    )
    await this.ended
    grace.abort()
    await late
  }

  /** Freezes it (SIGSTOP) so that its connections stay open and nothing is answered; `resume` wakes it. */
  pause(): void {
    this.#child.kill('SIGSTOP')
  }

  resume(): void {
    this.#child.kill('SIGCONT')
  }

  /** The end of its output, for the message of a failure. */
  async tail(lines = 15): Promise<string> {
    const output = await readFile(this.log, 'utf8').catch(() => '')
    return output.trimEnd().split('\n').slice(-lines).join('\n')
  }
}
