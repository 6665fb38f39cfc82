import type { Fault } from '../model/faults.ts'

/** One word a fault, and every word has its paragraph in docs/troubleshooting.md. */
export const reasonOfFault = {
  throttled: 'Throttled',
  'no-capacity': 'NoCapacity',
  quota: 'QuotaExceeded',
  invalid: 'InvalidRequest',
  unauthorized: 'Unauthorized',
  'not-yet': 'NotYetPossible',
  conflict: 'LaunchUnclear',
  unavailable: 'CloudUnavailable',
  timeout: 'CloudUnavailable',
  lost: 'CloudUnavailable',
  'not-started': 'NotStarted',
  bug: 'InternalError',
} as const satisfies Record<Fault, string>
