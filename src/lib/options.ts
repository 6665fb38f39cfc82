/** How a setting is written on the command line and in the environment. */
export interface Option<T> {
  readonly description: string
  /** What stands for the value in the help; a switch has none and may be written without one. */
  readonly placeholder: string | undefined
  readonly default: T
  /** The default in words, where the value itself does not say it. */
  readonly defaultText?: string
  /** Throws an Error whose message goes on after the name of the setting. */
  read(raw: string): T
}

export type Options = Readonly<Record<string, Option<unknown>>>
export type Values<O extends Options> = { readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never }

export interface Given {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** Variables that begin so are settings, and an unknown one is an error. */
  readonly prefix: string
}

/** A setting that cannot be taken. The message names the flag or the variable. */
export class OptionError extends Error {
  override readonly name = 'OptionError'
}

/** Flags win over variables, variables over defaults. An empty variable is none. Throws an OptionError. */
export function readOptions<O extends Options>(options: O, { argv, env, prefix }: Given): Values<O> {
  const flags = readFlags(options, argv)
  refuseUnknown(options, env, prefix)
  const values = Object.entries(options).map(([key, option]) => {
    const flag = flags.get(key)
    if (flag !== undefined) return [key, valueOf(option, flag, flagOf(key))]
    const variable = variableOf(key, prefix)
    const written = env[variable]
    return [key, written ? valueOf(option, written, variable) : option.default]
  })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each value was read by the option that gives it its type
  return Object.fromEntries(values) as Values<O>
}

/** `watchNamespaces` is `--watch-namespaces`. */
export const flagOf = (key: string): string => `--${kebab(key)}`

/** `watchNamespaces` is `PREFIX_WATCH_NAMESPACES`. */
export const variableOf = (key: string, prefix: string): string =>
  prefix + kebab(key).replaceAll('-', '_').toUpperCase()

/** One paragraph a setting, in the order of the table. */
export function describeOptions(options: Options, prefix: string): string {
  return Object.entries(options)
    .map(([key, option]) => {
      const head =
        option.placeholder === undefined ? `--[no-]${kebab(key)}` : `${flagOf(key)} ${option.placeholder}`
      const standard = option.defaultText ?? String(option.default)
      const facts = `Default: ${standard}. Variable: ${variableOf(key, prefix)}.`
      return `  ${head}\n${wrapped(`${option.description} ${facts}`)}`
    })
    .join('\n')
}

function readFlags(options: Options, argv: readonly string[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  const left = [...argv]
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    const { key, written } = switchOf(options, word) ?? settingOf(options, word, left)
    if (found.has(key)) throw new OptionError(`${flagOf(key)} is given twice`)
    found.set(key, written)
  }
  return found
}

interface Flag {
  readonly key: string
  readonly written: string
}

function switchOf(options: Options, word: string): Flag | undefined {
  const match = Object.entries(options).find(
    ([key, { placeholder }]) =>
      placeholder === undefined && (word === flagOf(key) || word === `--no-${kebab(key)}`),
  )
  return match && { key: match[0], written: String(word === flagOf(match[0])) }
}

/** Takes the value from behind the `=`, or the next word away from `left`. */
function settingOf(options: Options, word: string, left: string[]): Flag {
  const equals = word.indexOf('=')
  const flag = equals === -1 ? word : word.slice(0, equals)
  const key = Object.keys(options).find(each => flagOf(each) === flag)
  if (key === undefined) throw new OptionError(unknown(flag, Object.keys(options).map(flagOf)))
  if (equals !== -1) return { key, written: word.slice(equals + 1) }
  const next = left[0]
  if (next === undefined || next.startsWith('--')) throw new OptionError(`${flag} needs a value`)
  return { key, written: left.shift() ?? '' }
}

/** Kubernetes puts such variables into every pod beside a Service of that name: they are not meant for us. */
const fromService = /_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_\d+_(TCP|UDP|SCTP)(_[A-Z]+)?)?)$/

function refuseUnknown(options: Options, env: Given['env'], prefix: string): void {
  const known = Object.keys(options).map(key => variableOf(key, prefix))
  const other = Object.keys(env).find(
    name => name.startsWith(prefix) && !known.includes(name) && !fromService.test(name),
  )
  if (other !== undefined) throw new OptionError(unknown(other, known))
}

function unknown(name: string, known: readonly string[]): string {
  const [nearest] = known
    .map(each => ({ each, steps: distance(name, each) }))
    .toSorted((a, b) => a.steps - b.steps)
  const hint = nearest !== undefined && nearest.steps <= Math.max(2, name.length / 4)
  return `${name} is not a setting${hint ? `; did you mean ${nearest.each}?` : '; --help lists them all'}`
}

/** Levenshtein's: how many letters must be put in, taken out or changed. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (const [at, letter] of Array.from(a).entries()) {
    const next = [at + 1]
    for (const [column, other] of Array.from(b).entries()) {
      const [above = 0, diagonal = 0, before = 0] = [row[column + 1], row[column], next[column]]
      next.push(Math.min(above + 1, before + 1, diagonal + (letter === other ? 0 : 1)))
    }
    row = next
  }
  return row.at(-1) ?? 0
}

function valueOf(option: Option<unknown>, written: string, name: string): unknown {
  try {
    return option.read(written)
  } catch (cause) {
    throw new OptionError(`${name} ${cause instanceof Error ? cause.message : 'cannot be read'}`, { cause })
  }
}

const kebab = (key: string): string => key.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)

function wrapped(prose: string): string {
  const lines = ['']
  for (const word of prose.split(' ')) {
    const line = lines.at(-1) ?? ''
    if (line.length + word.length > 88) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines.map(line => `      ${line}`).join('\n')
}
