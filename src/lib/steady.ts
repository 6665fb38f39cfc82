/**
 * Milliseconds since the epoch as they were when this process began, and from then on by the monotonic clock: no
 * correction of the wall clock makes a wait shorter than it was meant to be.
 */
export const steadyNow = (): number => performance.timeOrigin + performance.now()
