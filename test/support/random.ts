/** A small seeded generator (mulberry32): enough to draw worlds, and the same everywhere. */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
  return {
    next,
    below: most => Math.floor(next() * most),
    chance: share => next() < share,
    hex: digits => Array.from({ length: digits }, () => Math.floor(next() * 16).toString(16)).join(''),
  }
}

export interface Random {
  next(): number
  below(most: number): number
  chance(share: number): boolean
  hex(digits: number): string
}
