const steps = [
  { unit: 'd', seconds: 86_400 },
  { unit: 'h', seconds: 3_600 },
  { unit: 'm', seconds: 60 },
] as const

/** `45s`, `12m`, `3h`, `12d`: as kubectl shows ages, in one unit. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  const step = steps.find(each => seconds >= 2 * each.seconds)
  return step === undefined ? `${seconds}s` : `${Math.floor(seconds / step.seconds)}${step.unit}`
}

const sizes = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

export function bytes(count: number): string {
  const at = count < 1 ? 0 : Math.min(sizes.length - 1, Math.floor(Math.log2(count) / 10))
  const value = count / 1024 ** at
  return `${at === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${sizes[at]}`
}

/** The day of an RFC 3339 time. */
export const day = (time: string): string => time.slice(0, 10)
