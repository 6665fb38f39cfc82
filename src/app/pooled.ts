import type { RenewalWish, Schedulers } from '../clouds/contract.ts'
import { DaskError } from '../dask/fault.ts'
import type { SchedulerPool } from '../dask/pool.ts'
import type { Call } from '../lib/call.ts'
import { CloudError } from '../model/faults.ts'
import { type ClusterUid, type MachineId, workerName } from '../model/names.ts'
import type { Renewal } from '../model/renewal.ts'

/** The pool speaks of workers by name; here they are machines. */
export const pooled = (pool: SchedulerPool): Schedulers => ({
  view: uid => pool.last(uid),
  forget: uid => pool.forget(uid),
  idleness: (uid, call) => asked(() => pool.idleness(uid, call)),
  drain: (uid, machines, call) => asMachines(machines, names => pool.drain(uid, names, call)),
  close: (uid, machines, call) => asMachines(machines, names => pool.close(uid, names, call)),
  renew: (uid, wish, call) => asked(() => renewed(pool, uid, wish, call)),
})

async function renewed(
  pool: SchedulerPool,
  uid: ClusterUid,
  { role, machines, ...material }: RenewalWish,
  call: Call,
): Promise<ReadonlyMap<MachineId, Renewal>> {
  if (role === 'scheduler') {
    const outcome = await pool.renewScheduler(uid, material, call)
    return new Map(machines.map(id => [id, outcome]))
  }
  const found = await pool.renewWorkers(uid, machines.map(workerName), material, call)
  return new Map(
    machines.flatMap(id => {
      const outcome = found.get(workerName(id))
      return outcome === undefined ? [] : [[id, outcome]]
    }),
  )
}

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
