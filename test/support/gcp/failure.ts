/** What Compute Engine answers instead of what was asked: its own status, reason and words. */
export class GceFailure extends Error {
  readonly status: number
  readonly reason: string

  constructor(status: number, reason: string, message: string) {
    super(message)
    this.name = reason
    this.status = status
    this.reason = reason
  }
}

export const invalid = (message: string): GceFailure => new GceFailure(400, 'invalid', message)

export const invalidField = (path: string, found: unknown, words: string): GceFailure =>
  invalid(`Invalid value for field '${path}': '${shown(found)}'. ${words}`)

export const notFound = (what: string): GceFailure =>
  new GceFailure(404, 'notFound', `The resource '${what}' was not found`)

export const alreadyExists = (what: string): GceFailure =>
  new GceFailure(409, 'alreadyExists', `The resource '${what}' already exists`)

export const notReady = (what: string): GceFailure =>
  new GceFailure(400, 'resourceNotReady', `The resource '${what}' is not ready`)

export const inUse = (what: string, by: string): GceFailure =>
  new GceFailure(
    400,
    'resourceInUseByAnotherResource',
    `The ${what} resource is already being used by '${by}'`,
  )

/** The canonical word beside each status. */
const words: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ALREADY_EXISTS',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
}

/** A failure as it goes over the wire. */
export function failureBody({ status, reason, message }: GceFailure): object {
  const domain = reason === 'rateLimitExceeded' ? 'usageLimits' : 'global'
  const word = words[status]
  return {
    error: {
      code: status,
      message,
      errors: [{ message, domain, reason }],
      ...(word === undefined ? {} : { status: word }),
    },
  }
}

const shown = (raw: unknown): string => (typeof raw === 'string' ? raw : JSON.stringify(raw ?? ''))
