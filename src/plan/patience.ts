import type { Machine } from '../model/machine.ts'
import type { World } from '../model/world.ts'

/** A machine on which Dask has not come up for so long is given up: installing may take ten minutes, and a retry. */
export const joinLimitMs = 900_000

/** Whether Dask has been missing on a machine for too long. */
export function isLate({ memory, now }: Pick<World, 'memory' | 'now'>, { id }: Machine): boolean {
  const since = memory.unjoined.get(id)
  return since !== undefined && now - since > joinLimitMs
}
