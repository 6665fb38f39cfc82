import { duration, text } from '../lib/option-kinds.ts'

const second = 1000
const hour = 3_600_000

/** Settings of the operator for the simulated cloud alone. */
export const simulatedSettings = {
  simulatedState: text({
    description:
      'A file in which simulated machines outlive the operator. What others write into it happens, too.',
    placeholder: 'FILE',
    default: undefined,
    defaultText: 'none: they end with it',
  }),
  simulatedStartup: duration({
    description:
      'How long a simulated machine takes to start, where a cluster does not say; with 0ms it has joined at once, too.',
    minMs: 0,
    maxMs: hour,
    default: 5 * second,
  }),
  simulatedLatency: duration({
    description: 'How long every call to the simulated cloud takes.',
    minMs: 0,
    maxMs: 60 * second,
    default: 0,
  }),
  simulatedFaults: text({
    description: 'A file of faults that the simulated cloud plays; it may be changed at any time.',
    placeholder: 'FILE',
    default: undefined,
    defaultText: 'none',
  }),
} as const
