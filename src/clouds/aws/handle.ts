import { CloudError } from '../../model/faults.ts'
import type { Endpoint } from '../../model/machine.ts'
import { schedulerPort } from '../../model/ports.ts'

/** What belongs to a scheduler's address, as the house carries it from a list to a launch without reading it. */
export interface Handle {
  readonly interface: string
  readonly subnet: string
  readonly zone: string
  /** The workers' own group, or '' where the user named theirs. */
  readonly workers: string
}

export const writeHandle = ({ interface: id, subnet, zone, workers }: Handle): string =>
  [id, subnet, zone, workers].join(' ')

export function readHandle(written: string | undefined): Handle {
  const [id, subnet, zone, workers = ''] = (written ?? '').split(' ')
  if (id && subnet && zone) return { interface: id, subnet, zone, workers }
  throw new CloudError('bug', 'A launch on AWS came without the address of its scheduler')
}

export const daskAt = (host: string): Endpoint => ({ host, port: schedulerPort })
