import type { LaunchRequest } from '../clouds/contract.ts'
import { digest } from '../lib/fingerprint.ts'

const unlaunched = {
  admitted: undefined,
  viewers: undefined,
  hasSurplus: undefined,
  network: undefined,
} as const

/** What may be let in differs from one pass to the next, and is no part of what is launched. */
export const hashOf = ({ address, ...request }: LaunchRequest): string =>
  digest({ ...request, address: address && { ...address, ...unlaunched } })
