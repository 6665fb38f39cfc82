/** A change that need not be made any more, by one of these errors, is made: undefined then. */
export const unless = <T>(isSo: (error: unknown) => boolean, change: Promise<T>): Promise<T | undefined> =>
  change.catch((error: unknown) => {
    if (isSo(error)) return undefined
    throw error
  })
