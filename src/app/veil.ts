import { inspect } from 'node:util'
import { CloudError } from '../model/faults.ts'
import { redacted } from '../telemetry/redaction.ts'

/** What is shorter is a word, a region or a flag, and would blacken half of a message. */
const shortest = 12

const secretsIn = (values: Readonly<Record<string, string>>): readonly string[] =>
  Object.values(values).filter(({ length }) => length >= shortest)

/** A text in which no value of a Secret stands. */
export const withoutValues = (text: string, values: Readonly<Record<string, string>>): string =>
  secretsIn(values).reduce((clean, value) => clean.replaceAll(value, redacted), text)

/** The same failure for logs and status: a cloud's client may quote what it was given, in its words or in what caused them. */
export function veiled(error: unknown, values: Readonly<Record<string, string>>): unknown {
  if (!(error instanceof Error)) return error
  const all = inspect(error, { depth: 8, showHidden: true })
  if (!secretsIn(values).some(value => all.includes(value))) return error
  const fault = error instanceof CloudError ? error.fault : 'bug'
  return new CloudError(fault, withoutValues(error.message, values))
}
