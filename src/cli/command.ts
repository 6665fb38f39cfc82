import type { Call } from '../lib/call.ts'
import { duration, text, toggle, words } from '../lib/option-kinds.ts'
import type { Options, Values } from '../lib/options.ts'
import { type Positional, readArguments } from './arguments.ts'
import type { Kubernetes } from './kubernetes.ts'
import type { Screen } from './screen.ts'

/** What every command understands. */
export const commonOptions = {
  namespace: text({
    description: 'Where the cluster is.',
    placeholder: 'NAMESPACE',
    default: undefined,
    defaultText: "the context's, else default",
  }),
  context: text({
    description: 'Which context of the kubeconfig is used.',
    placeholder: 'CONTEXT',
    default: undefined,
    defaultText: 'the current one',
  }),
  kubeconfig: text({
    description: 'Which kubeconfig is read.',
    placeholder: 'FILE',
    default: undefined,
    defaultText: 'KUBECONFIG, else ~/.kube/config',
  }),
  output: words({
    description: 'For people, or one JSON document for programs.',
    values: ['text', 'json'],
    default: 'text',
  }),
} as const satisfies Options

export type Common = Values<typeof commonOptions>

/** How long a command may wait for a cluster. */
export const timeout = duration({
  description: 'The longest wait with --wait; then the exit code is 4.',
  default: 300_000,
  minMs: 1_000,
  maxMs: 86_400_000,
})

export const switchedOn = (description: string) => toggle({ description, default: false })

/** What a command does its work with. */
export interface Desk {
  readonly screen: Screen
  readonly env: Readonly<Record<string, string | undefined>>
  readonly call: Call
  /** Finds the API server; the first call does so. Throws a CliError. */
  kubernetes(): Promise<Kubernetes>
}

export interface Asked<O extends Options> {
  readonly common: Common
  readonly values: Values<O>
  readonly words: readonly (string | undefined)[]
  /** What stands behind `--exec`: another program's words. */
  readonly program: readonly string[] | undefined
}

interface Definition<O extends Options> {
  readonly name: string
  /** One line. */
  readonly summary: string
  /** Paragraphs. */
  readonly description: readonly string[]
  readonly positionals: readonly Positional[]
  readonly options: O
  /** What it is called with another program's words behind it: then it has `--exec`. */
  readonly runsPrograms?: string
  readonly examples: readonly Example[]
  /** Resolves with the exit code. */
  run(this: void, asked: Asked<O>, desk: Desk): Promise<number>
}

export interface Example {
  readonly line: string
  readonly does: string
}

export type Command = Omit<Definition<Options>, 'run'> & {
  /** Reads the rest of the command line. Throws a CliError where that is wrong, before anything is done. */
  prepare(argv: readonly string[]): Prepared
}

export interface Prepared {
  readonly common: Common
  run(this: void, desk: Desk): Promise<number>
}

export function defineCommand<O extends Options>(definition: Definition<O>): Command {
  return {
    ...definition,
    prepare(argv) {
      const { own, program } =
        definition.runsPrograms === undefined ? { own: argv, program: undefined } : splitAtExec(argv)
      const options = { common: commonOptions, own: definition.options }
      const { common, values, words: given } = readArguments(own, options, definition.positionals)
      return { common, run: desk => definition.run({ common, values, words: given, program }, desk) }
    },
  }
}

/** All that follows `--exec` is the other program's, whatever it looks like; a `--` right behind it may be written. */
function splitAtExec(argv: readonly string[]) {
  const at = argv.indexOf('--exec')
  if (at === -1) return { own: argv, program: undefined }
  const program = argv.slice(at + 1)
  return { own: argv.slice(0, at), program: program[0] === '--' ? program.slice(1) : program }
}
