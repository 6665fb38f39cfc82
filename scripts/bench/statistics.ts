/** To so many decimals, for figures that a person reads. */
export const rounded = (value: number, decimals = 0): number => Number(value.toFixed(decimals))

/** How many of something there are in a second. */
export const perSecond = (count: number, ms: number): number => (count * 1000) / ms
