import { Gate } from '../gate.ts'
import { type CallFacts, type CallName, calls, rates } from './calls.ts'

export type GcpGate = Gate<CallName, keyof typeof rates>

/** One project's. */
export const gcpGate = (now?: () => number): GcpGate =>
  new Gate<CallName, keyof typeof rates>({
    cloud: 'Google',
    rates,
    tollOf(name) {
      const { bucket, isFirst }: CallFacts = calls[name]
      return { bucket, isFirst }
    },
    ...(now && { now }),
  })
