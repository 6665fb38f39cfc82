import type { SchedulerView } from '../../src/model/world.ts'

/** Whether somebody has a task or a client in a world's cluster. */
export interface Use {
  isUsed: boolean
  /** When that last changed. */
  since: number
}

/** The simulated schedulers have no users: here they have. */
export function seenInUse(view: SchedulerView, { isUsed, since }: Use): SchedulerView {
  if (view.kind !== 'answering') return view
  return { ...view, idleness: isUsed ? { kind: 'busy' } : { kind: 'idle', since, seenSince: since } }
}
