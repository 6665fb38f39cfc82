const unitsMs = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const

/** A duration as Gateway API writes it (GEP-2257). */
export const durationPattern = /^([0-9]{1,5}(h|m|s|ms)){1,4}$/
/** The longest text that the pattern takes. */
export const durationMax = 28

const parts = /([0-9]+)(ms|h|m|s)/g

/** `1h30m` in milliseconds; undefined where the text is no duration. */
export function readDuration(text: string): number | undefined {
  if (!durationPattern.test(text)) return undefined
  return [...text.matchAll(parts)].reduce((sum, [, count, unit]) => sum + Number(count) * msOf(unit), 0)
}

const msOf = (unit: string | undefined): number =>
  unit === 'h' || unit === 'm' || unit === 's' ? unitsMs[unit] : unitsMs.ms

/** Whole milliseconds as `readDuration` reads them, the largest units first. */
export function writeDuration(ms: number): string {
  let left = ms
  const written = Object.entries(unitsMs).map(([unit, size]) => {
    const count = Math.floor(left / size)
    left -= count * size
    return count === 0 ? '' : `${count}${unit}`
  })
  return written.join('') || '0s'
}
