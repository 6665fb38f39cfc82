import type { Addresses } from '../../model/machine.ts'
import type { MachineId } from '../../model/names.ts'
import { schedulerPort } from '../../model/ports.ts'

/** Where every scheduler is, in a simulated cloud that keeps addresses. */
export const keptHost = 'simulated.invalid'

/** Where a machine is, in one that keeps none. */
export const ownHost = (id: MachineId): string => `${id}.${keptHost}`

export function simulatedAddresses(host: string): Addresses {
  const endpoint = { host, port: schedulerPort }
  return { internal: endpoint, external: endpoint }
}
