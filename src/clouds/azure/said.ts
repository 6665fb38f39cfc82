import { isRecord } from '../../lib/parse.ts'

/** What Azure said, as far as it can be read, and nothing of what it was asked. */
export interface Said {
  readonly status: number | undefined
  readonly code: string
  readonly words: string
}

/** Of the SDK's errors, those of tokens, and what ends an operation. */
export function saidBy(error: unknown): Said {
  if (!(error instanceof Error)) return { status: undefined, code: '', words: '' }
  const told: unknown = Reflect.get(error, 'errorResponse')
  if (isRecord(told)) return ofToken(error, told)
  const [, ended, reason] = /has failed\. ([\w.]+)\. (.*)/s.exec(error.message) ?? []
  if (ended !== undefined) return { status: undefined, code: ended, words: reason ?? '' }
  const code: unknown = Reflect.get(error, 'code')
  const status: unknown = Reflect.get(error, 'statusCode')
  const { code: inner, words } = bodyOf(error)
  return {
    status: typeof status === 'number' ? status : undefined,
    code: inner || (typeof code === 'string' ? code : ''),
    words: words || error.message,
  }
}

/** Entra ID's, whose words name the application and the trace: neither is needed. */
function ofToken(error: Error, told: Readonly<Record<string, unknown>>): Said {
  const status: unknown = Reflect.get(error, 'statusCode')
  return {
    status: typeof status === 'number' ? status : undefined,
    code: typeof told['error'] === 'string' ? told['error'] : '',
    words: '',
  }
}

const word = (value: unknown): string => (typeof value === 'string' ? value : '')

/** A failed page has its code in its body alone. */
function bodyOf(error: Error): { readonly code: string; readonly words: string } {
  const details: unknown = Reflect.get(error, 'details')
  const told = isRecord(details) && isRecord(details['error']) ? details['error'] : {}
  return { code: word(told['code']), words: word(told['message']) }
}

/** Azure's words without what differs from one try to the next. Cut, for a status. */
export const steady = (words: string): string =>
  words
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, '…')
    .replaceAll(/dask-[0-9a-f]{16}-\d+-\d{4}/g, 'dask-…')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z?/g, '…')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, 300)
