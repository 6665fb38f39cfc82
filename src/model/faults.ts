/**
 * Every way a cloud call can fail, in words of our own. A cloud's `faults.ts` translates its codes into these;
 * nobody else reads a code. `not-yet` is a refusal of the moment: something that the request needs is still in use, or not to
 * be seen yet. `not-started` is the operator's: a machine was made and Dask never came up on it.
 */
export const faults = [
  'throttled',
  'no-capacity',
  'quota',
  'invalid',
  'unauthorized',
  'not-yet',
  'conflict',
  'unavailable',
  'timeout',
  'lost',
  'not-started',
  'bug',
] as const
export type Fault = (typeof faults)[number]

/** Whether a create that failed so has certainly made nothing. `unknown` is looked for until its horizon has passed. */
export const certainty = {
  throttled: 'refused',
  'no-capacity': 'refused',
  quota: 'refused',
  invalid: 'refused',
  unauthorized: 'refused',
  'not-yet': 'refused',
  conflict: 'unknown',
  unavailable: 'unknown',
  timeout: 'unknown',
  lost: 'unknown',
  'not-started': 'unknown',
  bug: 'unknown',
} as const satisfies Record<Fault, 'refused' | 'unknown'>

/** Refusals of one offering that say nothing about the next: another size, zone or way to pay may be had. */
export const isOfOffering = (fault: Fault): boolean => fault === 'no-capacity' || fault === 'quota'

/** How soon a fault is worth another try; `when-spec-changes` is not retried by the clock. */
export const retryPace = {
  throttled: 'soon',
  'no-capacity': 'backing-off',
  quota: 'backing-off',
  invalid: 'when-spec-changes',
  unauthorized: 'when-credentials-change',
  'not-yet': 'soon',
  conflict: 'soon',
  unavailable: 'soon',
  timeout: 'soon',
  lost: 'soon',
  'not-started': 'backing-off',
  bug: 'backing-off',
} as const satisfies Record<Fault, 'soon' | 'backing-off' | 'when-spec-changes' | 'when-credentials-change'>

/** A cloud call that failed. `message` is for a person, holds no request id and no secret, and is the same on every retry. */
export class CloudError extends Error {
  readonly fault: Fault

  constructor(fault: Fault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CloudError'
    this.fault = fault
  }
}
