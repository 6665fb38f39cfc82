import type { Call } from '../lib/call.ts'
import { limited } from '../lib/deadline.ts'
import { wait } from '../lib/wait.ts'
import type { ClusterUid } from '../model/names.ts'
import type { Cloud } from './contract.ts'
import type { Inventory } from './inventory.ts'

const idleMs = 60_000
const listLimitMs = 30_000
const tickMs = 50

/**
 * Keeps one scope's inventory fresh until the signal stops it: at the cloud's busy pace while a cluster waits for
 * news, at its resting pace while it has machines, once a minute otherwise. `notify` gets the clusters with news.
 */
export async function keepListed(
  { promises }: Pick<Cloud, 'promises'>,
  inventory: Inventory,
  notify: (owners: ReadonlySet<ClusterUid>) => void,
  call: Call,
): Promise<void> {
  while (!call.signal.aborted) {
    const began = performance.now()
    notify(await limited(listLimitMs, call, limit => inventory.refresh(limit)))
    // A list of more pages may cost its cloud more, and be promised less often.
    const periods = { ...promises.listEveryMs, idle: idleMs }
    do await wait(Math.min(tickMs, promises.listEveryMs.busy), call).catch(() => undefined)
    while (!call.signal.aborted && performance.now() - began < periods[inventory.pace])
  }
}
