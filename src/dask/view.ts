import type { DaskWorker, Idleness, SchedulerView } from '../model/world.ts'
import type { DaskFault } from './fault.ts'
import type { SchedulerIdentity } from './scheduler.ts'

/** The last look at a scheduler; `fault` where it failed. */
export interface Look {
  readonly view: SchedulerView
  readonly fault: DaskFault | undefined
}

/** A worker that the scheduler lists as running and that has not answered itself. */
export const unreachable = 'unreachable'

/** What a plan sees of an answer: `isProven` says which workers, by address, have answered themselves. */
export function answering(
  { id, workers, boot, holds }: SchedulerIdentity,
  isProven: (address: string) => boolean,
  idleness: Idleness = { kind: 'unknown' },
): SchedulerView {
  const seen = workers.map(
    ({ address, status, ...worker }): DaskWorker => ({
      ...worker,
      status: status === 'running' && !isProven(address) ? unreachable : status,
    }),
  )
  const sorted = seen.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return { kind: 'answering', id, workers: sorted, idleness, boot, holds }
}

/** Whether two looks differ in anything that a plan depends on: how many tasks a busy worker runs is not. */
export const differ = (a: Look, b: Look): boolean => essence(a) !== essence(b)

function essence({ view, fault }: Look): string {
  if (view.kind !== 'answering') return `${view.kind} ${fault}`
  const workers = view.workers.map(({ name, status, executing, threads, holds }) => [
    name,
    status,
    threads,
    executing === undefined ? 'untold' : executing > 0,
    holds,
  ])
  return JSON.stringify([view.id, workers, view.idleness, view.holds])
}
