import { AsyncLocalStorage } from 'node:async_hooks'
import { type DestinationStream, destination, pino, stdTimeFunctions } from 'pino'
import { readable } from './log-text.ts'
import { redact, redactText } from './redaction.ts'

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const
export type LogLevel = (typeof logLevels)[number]

export type Fields = Readonly<Record<string, unknown>>

/** Writes lines. What a line holds beside its message goes through the redactor, and so does the message. */
export type Log = Readonly<Record<LogLevel, (fields: Fields, message: string) => void>>

export interface LogOptions {
  readonly level: LogLevel
  /** One JSON object a line, or one readable line. */
  readonly format: 'json' | 'text'
  /** Where whole lines go; standard output unless given. */
  readonly write?: (line: string) => void
}

const contexts = new AsyncLocalStorage<Fields>()

/** Every line logged in `work`, and in whatever it awaits, carries these fields beside those of the lines around it. */
export function within<T>(fields: Fields, work: () => T): T {
  return contexts.run({ ...contexts.getStore(), ...fields }, work)
}

export function createLog({ level, format, write }: LogOptions): Log {
  const sink: DestinationStream = write === undefined ? destination({ fd: 1, sync: true }) : { write }
  const stream = format === 'text' ? { write: (line: string) => sink.write(readable(line)) } : sink
  const lines = pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: stdTimeFunctions.isoTime,
      // Errors are copied already: pino's own would name each of them an Object.
      serializers: { err: (copied: unknown) => copied },
      formatters: { level: label => ({ level: label }) },
    },
    stream,
  )
  const at =
    (one: LogLevel): Log[LogLevel] =>
    (fields, message) => {
      if (lines.isLevelEnabled(one)) lines[one](clean(fields), redactText(message))
    }
  return {
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    fatal: at('fatal'),
  }
}

/** These are the line's own. */
const taken = new Set(['level', 'time', 'message'])

function clean(fields: Fields): object {
  const all = Object.entries({ ...contexts.getStore(), ...fields })
  const renamed = all.map(([key, value]) => [taken.has(key) ? `${key}_` : key, value])
  const safe = redact(Object.fromEntries(renamed))
  return typeof safe === 'object' && safe !== null ? safe : {}
}
