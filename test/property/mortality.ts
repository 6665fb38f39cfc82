/** What a pass does not wait for: no process dies in the middle of these. */
export const atOnce: ReadonlySet<string | symbol> = new Set([
  'scheduler',
  'attend',
  'report',
  'measure',
  'forget',
])

/** The dead do nothing, not even fail. */
export const never = new Promise<never>(() => undefined)
