import { fieldWords, type LineWords, lines } from '../../scripts/logs/lines.ts'
import { isRecord } from '../../src/lib/parse.ts'

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
const known = lines.map(line => ({
  ...line,
  pattern: new RegExp(`^${line.message.split('{}').map(escaped).join('.*')}$`, 's'),
}))

const ofEvery = ['level', 'time', 'message'] as const
const ofPass = ['cluster', 'pass'] as const

/** What stands in a log in JSON and not in docs/logs.md: each an explanation. Lines that are no objects are nobody's. */
export function undocumented(log: string): readonly string[] {
  const odd = log.split('\n').flatMap(text => {
    const line = lineIn(text)
    return line === undefined ? [] : problemsOf(line)
  })
  return [...new Set(odd)]
}

/** A process that is killed may leave half a line. */
function lineIn(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.startsWith('{"level":')) return undefined
  try {
    const line: unknown = JSON.parse(text)
    return isRecord(line) ? line : undefined
  } catch {
    return undefined
  }
}

function problemsOf(line: Readonly<Record<string, unknown>>): readonly string[] {
  const message = String(line['message'])
  const words = known.find(({ pattern, level }) => pattern.test(message) && level === line['level'])
  if (words === undefined) return [`docs/logs.md has no line like this: ${String(line['level'])}: ${message}`]
  const may = new Set([...ofEvery, ...ofPass, ...words.fields.map(field => field.replace('?', ''))])
  const surplus = Object.keys(line).filter(field => !may.has(field) || fieldWords[field] === undefined)
  const missing = required(words).filter(field => !(field in line))
  return [
    ...surplus.map(field => `docs/logs.md has no field ${field} in: ${message}`),
    ...missing.map(field => `docs/logs.md has a field ${field} that was not in: ${message}`),
  ]
}

const required = ({ fields }: LineWords): readonly string[] => [
  ...ofEvery,
  ...fields.filter(field => !field.endsWith('?')),
]
