import { CloudError } from '../model/faults.ts'

/**
 * Asks for each one's end, so many at once, in a cloud that knows no call for many. One that cannot be asked for does not hold
 * up the others: its failure is thrown when all of them have been, and that there were too many requests only for want of another.
 */
export async function endEach<T>(
  machines: readonly T[],
  atOnce: number,
  end: (machine: T) => Promise<unknown>,
): Promise<void> {
  const left = [...machines]
  const failures: CloudError[] = []
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift())
      await end(next).catch((error: unknown) => {
        if (!(error instanceof CloudError)) throw error
        failures.push(error)
      })
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, machines.length) }, work))
  const worst = failures.find(({ fault }) => fault !== 'throttled') ?? failures[0]
  if (worst !== undefined) throw worst
}
