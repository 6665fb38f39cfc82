import { flagOf, type Option, type Options } from '../lib/options.ts'
import { letters } from './arguments.ts'
import { type Command, commonOptions } from './command.ts'
import { commands } from './commands.ts'
import { exits } from './exit.ts'

const width = 96

export const programName = 'kubectl daskcloud'

export const generalHelp = (): string =>
  [
    `${programName} COMMAND`,
    '',
    'Looks after Dask clusters that run on cloud machines, with your own rights in Kubernetes.',
    '',
    'Commands:',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(10)}${summary}`),
    '',
    `${programName} COMMAND --help says more. Exit codes:`,
    ...Object.values(exits).map(({ code, means }) => wrapped(`${code}  ${means}`, { indent: 2, hanging: 5 })),
    '',
  ].join('\n')

export const commandHelp = (command: Command): string =>
  [
    usageOf(command),
    '',
    ...command.description.flatMap(each => [wrapped(each, { indent: 0, hanging: 0 }), '']),
    'Flags:',
    ...optionsOf(command).map(({ head, text }) => `  ${head}\n${wrapped(text, { indent: 6, hanging: 6 })}`),
    '',
    'Examples:',
    ...command.examples.map(({ line, does }) => `  ${programName} ${line}\n      ${does}`),
    '',
  ].join('\n')

export function usageOf({ name, positionals, runsPrograms }: Command): string {
  const words = positionals.map(each => (each.isOptional === true ? `[${each.name}]` : each.name))
  const program = runsPrograms === undefined ? [] : [`[--exec ${runsPrograms}]`]
  return [programName, name, ...words, '[FLAGS]', ...program].join(' ')
}

export interface ShownOption {
  readonly head: string
  readonly text: string
}

/** The command's own first. */
export const optionsOf = ({ options }: Pick<Command, 'options'>): readonly ShownOption[] => [
  ...shown(options),
  ...shown(commonOptions),
]

export const shown = (options: Options): readonly ShownOption[] =>
  Object.entries(options).map(([key, option]) => ({ head: headOf(key, option), text: textOf(option) }))

function headOf(key: string, { placeholder }: Option<unknown>): string {
  const letter = letters[key]
  const names = letter === undefined ? flagOf(key) : `-${letter}, ${flagOf(key)}`
  return placeholder === undefined ? names : `${names} ${placeholder}`
}

function textOf({ description, default: standard, defaultText, placeholder }: Option<unknown>): string {
  return placeholder === undefined
    ? description
    : `${description} Default: ${defaultText ?? String(standard)}.`
}

function wrapped(
  prose: string,
  { indent, hanging }: { readonly indent: number; readonly hanging: number },
): string {
  const lines = ['']
  for (const word of prose.split(' ')) {
    const line = lines.at(-1) ?? ''
    if (line !== '' && hanging + line.length + word.length >= width) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines.map((line, at) => `${' '.repeat(at === 0 ? indent : hanging)}${line}`).join('\n')
}
