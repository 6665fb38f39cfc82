import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { CliError, codeOfSignal } from './exit.ts'

const passedOn = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const
/** A terminal sends these to the whole foreground, so that the other program has them already. */
const fromTerminal: ReadonlySet<string> = new Set(['SIGINT', 'SIGQUIT'])

/** As `env` and shells have it. */
const notFound = 127
const notRunnable = 126

/**
 * Runs another program in our place: our terminal, our signals, its exit code. The signals are its own business for as long
 * as it runs.
 */
export async function runInstead(
  [command, ...args]: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  note: (text: string) => void,
): Promise<number> {
  if (command === undefined) throw new CliError('usage', '--exec needs a command behind it')
  const hear = (signal: NodeJS.Signals): void => {
    if (!process.stdin.isTTY || !fromTerminal.has(signal)) child.kill(signal)
  }
  // First: the program may be there, and somebody may end us, before the next line is run.
  for (const signal of passedOn) process.on(signal, hear)
  const child = spawn(command, args, { stdio: 'inherit', env: { ...env } })
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', (error: NodeJS.ErrnoException) => {
        note(`${command} cannot be run: ${error.message}`)
        if (error.syscall?.startsWith('spawn') === true)
          resolve(error.code === 'ENOENT' ? notFound : notRunnable)
        else reject(error)
      })
      child.once('exit', (code, signal) =>
        resolve(signal === null ? (code ?? 1) : codeOfSignal(constants.signals[signal])),
      )
    })
  } finally {
    for (const signal of passedOn) process.off(signal, hear)
  }
}
