import type { Call } from '../lib/call.ts'
import { wait } from '../lib/wait.ts'

/** Time that only goes forward, in milliseconds from some moment on. */
export interface Clock {
  now(): number
  wait(ms: number, call: Call): Promise<void>
}

/**
 * A clock that never runs slow: of what the monotonic clock and the wall clock say has passed it believes the larger.
 * The first stands still while a virtual machine is suspended, the second may be set back.
 */
export function steadyClock(monotonic = () => performance.now(), wall = () => Date.now()): Clock {
  let [lastMonotonic, lastWall, passed] = [monotonic(), wall(), 0]
  return {
    now() {
      const [nowMonotonic, nowWall] = [monotonic(), wall()]
      passed += Math.max(0, nowMonotonic - lastMonotonic, nowWall - lastWall)
      lastMonotonic = nowMonotonic
      lastWall = nowWall
      return passed
    },
    wait,
  }
}

/** RFC 3339 with six digits of a second, as Kubernetes' MicroTime must have them. */
export const microTime = (date: Date): string => date.toISOString().replace('Z', '000Z')
