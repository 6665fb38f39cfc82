import { type Call, within } from '../../../src/lib/call.ts'
import { poll } from '../../../src/lib/wait.ts'
import { lastCreateAt, partOf, type SingleLife } from './parts.ts'
import type { Plot } from './site.ts'

const lifeMs = 1_800_000

/** Machines that are asked for one by one. */
export interface Singles {
  /** Whether all of them were made and seen to run. */
  launch(workers: number): Promise<boolean>
  end(): Promise<void>
  close(): Promise<void>
}

/** The life of a cluster whose scheduler answers at once. */
export async function singleLife(
  plot: Plot,
  open: (call: Call) => Singles,
  workers: number,
  call: Call,
): Promise<SingleLife> {
  const limit = within(call, lifeMs)
  const singles = open(limit)
  const from = Date.now()
  const isWhole = await singles.launch(workers)
  const ranAt = Date.now()
  const launched = plot.heard()
  const endFrom = Date.now()
  const made = plot.made()
  await singles.end()
  await poll(() => (plot.left().length === 0 ? true : undefined), 100, limit)
  await singles.close()
  const madeAt = lastCreateAt(launched)
  return {
    workers,
    kind: isWhole ? 'whole' : 'broken',
    made,
    creates: launched.filter(({ isCreate }) => isCreate).length,
    launch: partOf(launched, { from, to: madeAt }),
    start: partOf(launched, { from: madeAt, to: ranAt }),
    end: partOf(plot.heard(), { from: endFrom, to: Date.now() }),
  }
}
