import { parseArgs } from 'node:util'
import { flagOf, type Option, type Options, type Values } from '../lib/options.ts'
import { CliError } from './exit.ts'

/** One letter for what is written often; kubectl's where it has one. */
export const letters: Readonly<Record<string, string>> = {
  namespace: 'n',
  output: 'o',
  help: 'h',
  follow: 'f',
}

/** A word of a command that is no flag. */
export interface Positional {
  /** As the usage shows it. */
  readonly name: string
  readonly isOptional?: true
}

export interface Arguments<C extends Options, O extends Options> {
  readonly common: Values<C>
  readonly values: Values<O>
  /** As many as the command names; an optional one that was left out is undefined. */
  readonly words: readonly (string | undefined)[]
}

/** Flags of both tables may stand anywhere. Throws a CliError with what is wrong. */
export function readArguments<C extends Options, O extends Options>(
  argv: readonly string[],
  options: { readonly common: C; readonly own: O },
  positionals: readonly Positional[],
): Arguments<C, O> {
  const { values, positionals: words } = split(argv, { ...options.common, ...options.own })
  const needed = positionals.filter(({ isOptional }) => isOptional !== true)
  const absent = needed[words.length]
  if (absent !== undefined) throw usage(`${absent.name} is missing`)
  const surplus = words[positionals.length]
  if (surplus !== undefined) throw usage(`"${surplus}" is one word too many`)
  return {
    common: valuesOf(options.common, values),
    values: valuesOf(options.own, values),
    words: positionals.map((_, at) => words[at]),
  }
}

function valuesOf<O extends Options>(options: O, given: Readonly<Record<string, unknown>>): Values<O> {
  const read = Object.entries(options).map(([key, option]) => [key, valueOf(key, option, given[nameOf(key)])])
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each value was read by the option that gives it its type
  return Object.fromEntries(read) as Values<O>
}

function split(argv: readonly string[], options: Options) {
  const config = Object.entries(options).map(([key, { placeholder }]) => {
    const short = letters[key]
    const type = placeholder === undefined ? 'boolean' : 'string'
    return [nameOf(key), { type, ...(short === undefined ? {} : { short }) }] as const
  })
  try {
    return parseArgs({ args: [...argv], options: Object.fromEntries(config), allowPositionals: true })
  } catch (cause) {
    // Node's own words name the flag; what follows the first sentence is advice for programs.
    const said = cause instanceof Error ? (cause.message.split(/\.\s|\n/)[0] ?? '') : 'cannot be read'
    throw usage(said.replace(/\.$/, ''), cause)
  }
}

function valueOf(key: string, option: Option<unknown>, given: unknown): unknown {
  if (typeof given === 'boolean') return given
  if (typeof given !== 'string') return option.default
  try {
    return option.read(given)
  } catch (cause) {
    throw usage(`${flagOf(key)} ${cause instanceof Error ? cause.message : 'cannot be read'}`, cause)
  }
}

const nameOf = (key: string): string => flagOf(key).slice(2)

export const usage = (problem: string, cause?: unknown): CliError => new CliError('usage', problem, { cause })
