import type { Machine } from '../model/machine.ts'
import type { World } from '../model/world.ts'

type Lateness = Pick<World, 'memory' | 'now' | 'joinLimitMs'>

/** Whether Dask has been missing on a machine for too long. */
export function isLate({ memory, now, joinLimitMs }: Lateness, { id }: Machine): boolean {
  const since = memory.unjoined.get(id)
  return since !== undefined && now - since > joinLimitMs
}
