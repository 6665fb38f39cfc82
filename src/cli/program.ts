import { connectKube, type KubeTransport } from '../kube/transport.ts'
import { usage as usageError } from './arguments.ts'
import type { Command, Common } from './command.ts'
import { commands } from './commands.ts'
import { CliError, exits, stopped } from './exit.ts'
import { commandHelp, generalHelp } from './help.ts'
import { explained, Kubernetes } from './kubernetes.ts'
import { type Output, Screen } from './screen.ts'

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly results: Output
  readonly notes: Output
  readonly version: string
}

const ends = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** The whole program but for its end: resolves with the exit code. */
export async function runPlugin(argv: readonly string[], around: Surroundings): Promise<number> {
  const stop = new AbortController()
  const hear = (): void => stop.abort(new Error('stopped'))
  for (const signal of ends) process.on(signal, hear)
  try {
    return await run(argv, around, stop.signal)
  } catch (error) {
    if (stop.signal.aborted) return stopped
    return complain(error, around)
  } finally {
    for (const signal of ends) process.off(signal, hear)
  }
}

async function run(argv: readonly string[], around: Surroundings, signal: AbortSignal): Promise<number> {
  const [first, ...rest] = argv
  const own = rest.slice(0, rest.includes('--exec') ? rest.indexOf('--exec') : undefined)
  const command = commands.find(({ name }) => name === first)
  const wantsHelp = [first, ...(command === undefined ? [] : own)].some(
    word => word === '--help' || word === '-h',
  )
  if (wantsHelp || first === undefined || first === 'help') {
    const topic = command ?? commands.find(({ name }) => name === rest[0])
    around.results.write(topic === undefined ? generalHelp() : commandHelp(topic))
    return first === undefined ? exits.usage.code : exits.ok.code
  }
  if (first === '--version' || first === 'version') {
    around.results.write(`${around.version}\n`)
    return exits.ok.code
  }
  if (command === undefined)
    throw usageError(`"${first}" is no command; there are ${commands.map(({ name }) => name).join(', ')}`)
  return perform(command, rest, { around, signal })
}

async function perform(
  command: Command,
  argv: readonly string[],
  { around, signal }: { readonly around: Surroundings; readonly signal: AbortSignal },
): Promise<number> {
  try {
    const { common, run: runIt } = command.prepare(argv)
    const { env, results, notes } = around
    await using opened = new Opened()
    return await runIt({
      screen: new Screen(results, notes, { output: common.output, env }),
      env,
      call: { signal },
      kubernetes: () => opened.kubernetes(common, around),
    })
  } catch (error) {
    if (!(error instanceof CliError) || error.exit !== 'usage') throw error
    throw usageError(`${command.name}: ${error.message}. See ${command.name} --help`, error)
  }
}

/** The one connection of a command, opened when it is first asked for. */
class Opened implements AsyncDisposable {
  #kube: Promise<KubeTransport> | undefined

  async kubernetes(
    { kubeconfig, context, namespace }: Common,
    { env, version }: Surroundings,
  ): Promise<Kubernetes> {
    this.#kube ??= connectKube({ kubeconfig, context, env, userAgent: `kubectl-daskcloud/${version}` })
    try {
      return new Kubernetes(await this.#kube, namespace)
    } catch (error) {
      throw explained(error, 'connect')
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const kube = await this.#kube?.catch(() => undefined)
    await kube?.[Symbol.asyncDispose]()
  }
}

function complain(error: unknown, { notes }: Surroundings): number {
  const told = error instanceof CliError ? error : systemError(error)
  notes.write(`kubectl daskcloud: ${told.message}\n`)
  return exits[told.exit].code
}

/** What the operating system says names the file; anything else is a fault of ours, which is told whole. */
function systemError(error: unknown): CliError {
  const isSystem = error instanceof Error && 'syscall' in error
  const message =
    error instanceof Error ? (isSystem ? error.message : (error.stack ?? error.message)) : String(error)
  return new CliError('failed', message, { cause: error })
}
