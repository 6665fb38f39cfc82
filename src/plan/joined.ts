import type { Machine } from '../model/machine.ts'
import { workerName } from '../model/names.ts'
import type { HeldCertificates } from '../model/renewal.ts'
import type { DaskWorker, World } from '../model/world.ts'

/** The worker that runs on a machine, where the scheduler knows one. */
export function workerOn({ scheduler }: Pick<World, 'scheduler'>, { id }: Machine): DaskWorker | undefined {
  if (scheduler.kind !== 'answering') return undefined
  return scheduler.workers.find(({ name }) => name === workerName(id))
}

/** Whether Dask on a machine is known to be up. */
export const isUp = (world: Pick<World, 'scheduler'>, machine: Machine): boolean =>
  machine.role === 'scheduler' ? world.scheduler.kind === 'answering' : workerOn(world, machine) !== undefined

/** What Dask on a machine says that it holds. */
export function heldOn(world: Pick<World, 'scheduler'>, machine: Machine): HeldCertificates | undefined {
  if (machine.role === 'worker') return workerOn(world, machine)?.holds
  return world.scheduler.kind === 'answering' ? world.scheduler.holds : undefined
}

/** The same as a text, to tell whether it has changed. */
export const heldText = (holds: HeldCertificates | undefined): string =>
  holds === undefined ? '' : [holds.certificate, ...holds.authorities].join(' ')
