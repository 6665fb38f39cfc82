import type { Schedulers } from '../clouds/contract.ts'
import { DaskError } from '../dask/fault.ts'
import type { SchedulerPool } from '../dask/pool.ts'
import { CloudError } from '../model/faults.ts'
import { type MachineId, workerName } from '../model/names.ts'

/** The pool speaks of workers by name; here they are machines. */
export const pooled = (pool: SchedulerPool): Schedulers => ({
  view: uid => pool.last(uid),
  forget: uid => pool.forget(uid),
  idleness: (uid, call) => asked(() => pool.idleness(uid, call)),
  drain: (uid, machines, call) => asMachines(machines, names => pool.drain(uid, names, call)),
  close: (uid, machines, call) => asMachines(machines, names => pool.close(uid, names, call)),
})

async function asMachines(
  machines: readonly MachineId[],
  ask: (names: readonly string[]) => Promise<readonly string[]>,
): Promise<readonly MachineId[]> {
  const known = new Map(machines.map(id => [workerName(id), id]))
  const names = await asked(() => ask([...known.keys()]))
  return names.flatMap(name => known.get(name) ?? [])
}

async function asked<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof DaskError) throw new CloudError('unavailable', error.message, { cause: error })
    throw error
  }
}
