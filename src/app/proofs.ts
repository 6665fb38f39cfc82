import type { Cloud } from '../clouds/contract.ts'
import type { Call } from '../lib/call.ts'
import { limited } from '../lib/deadline.ts'
import { wait } from '../lib/wait.ts'
import type { Gate } from './gate.ts'

const limitMs = 30_000

/**
 * Proves credentials every `everyMs` milliseconds until the call is stopped: of many who list the same account only one does at a time,
 * and the others would hear of it at their turn. Where lists were refused, the list is tried in place of the proof. What
 * comes of it the gate knows.
 */
export async function keepProved(
  { prove, list }: Pick<Cloud, 'prove' | 'list'>,
  gate: Pick<Gate, 'isListRefused'>,
  everyMs: number,
  call: Call,
): Promise<void> {
  if (prove === undefined) return
  for (;;) {
    await wait(everyMs, call)
    const ask: (call: Call) => Promise<unknown> = gate.isListRefused ? list : prove
    await limited(limitMs, call, ask).catch(() => undefined)
  }
}
