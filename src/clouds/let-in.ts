import type { KeptNetwork } from '../model/machine.ts'

/** What a firewall of ours lets in from outside, as a kept network tells it. */
export const letIn = (
  admitted: readonly string[],
  viewers: readonly string[],
): Pick<KeptNetwork, 'admitted' | 'viewers'> => ({ admitted, ...(viewers.length > 0 && { viewers }) })
