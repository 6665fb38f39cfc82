import { readFileSync } from 'node:fs'
import { runOperator } from '../app.ts'
import { type Config, helpText, parseConfig } from '../config.ts'
import { KubeError } from '../kube/fault.ts'
import { createLog, type Log } from '../telemetry/log.ts'
import { type Seams, seamless } from './seams.ts'

/** The whole program but for its end: its exit code is 0 after a graceful stop, 1 after a failure that a new process may mend, 2 after a wrong command line. */
export async function runProgram(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  seams = seamless,
): Promise<number> {
  const invocation = parseConfig(argv, env)
  switch (invocation.kind) {
    case 'help':
      process.stdout.write(helpText())
      return 0
    case 'version':
      process.stdout.write(`${ownVersion()}\n`)
      return 0
    case 'wrong':
      process.stderr.write(`dask-cloud-operator: ${invocation.problem}\nTry --help.\n`)
      return 2
    case 'run':
      return run(invocation.config, seams)
    default:
      return invocation satisfies never
  }
}

async function run(config: Config, seams: Seams): Promise<number> {
  const log = createLog({ level: config.logLevel, format: config.logFormat })
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)))
  }
  process.on('uncaughtException', error => crash(log, error))
  try {
    await runOperator(config, log, { signal: stop.signal }, seams)
    log.info({}, 'stopped')
    return 0
  } catch (error) {
    // A standby that is stopped has nothing to give back.
    if (stop.signal.aborted && error === stop.signal.reason) {
      log.info({}, 'stopped')
      return 0
    }
    const wrong = wrongWith(error)
    if (wrong === undefined) log.fatal({ err: error }, 'the operator ended')
    else log.fatal({}, wrong)
    return 1
  }
}

/** What a person set, or has to: a trace of ours would only hide it. */
function wrongWith(error: unknown): string | undefined {
  if (error instanceof KubeError && error.reason === 'Configuration')
    return `${error.message} (see --kubeconfig)`
  const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
  return isTaken
    ? `${error.message}: another process listens where /metrics is to be served (see --http-address)`
    : undefined
}

/** Nothing is known of the process any more: another one begins with what is written down. */
function crash(log: Log, error: unknown): never {
  log.fatal({ err: error }, 'a failure that nobody caught')
  process.exit(1)
}

function ownVersion(): string {
  const { version }: { readonly version: string } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  )
  return version
}
