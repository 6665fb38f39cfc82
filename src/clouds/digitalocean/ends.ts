import type { Call } from '../../lib/call.ts'
import { CloudError } from '../../model/faults.ts'
import type { MachineId } from '../../model/names.ts'
import { numberOf } from './droplets.ts'
import type { Ending } from './ending.ts'
import { isGone } from './faults.ts'
import { client } from './sdk.ts'
import type { DigitalOceanSession } from './session.ts'

/** So many requests are on their way at once. DigitalOcean's one for many goes by a tag, which a stranger's droplet may have. */
const atOnce = 16

/**
 * Asks for each droplet's end; what DigitalOcean does not know any more has ended. One that cannot be asked for does not hold
 * up the others: its failure is thrown when all of them have been.
 */
export async function end(
  { session, ending }: { readonly session: DigitalOceanSession; readonly ending: Ending },
  machines: readonly MachineId[],
  call: Call,
): Promise<void> {
  const left = [...machines]
  const failures: CloudError[] = []
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [id, number] = [next, numberOf(next)]
      if (number === undefined) continue
      await session
        .make('droplets.delete', call, context => client.deleteDroplet(context, number))
        .then(
          () => ending.asked(id),
          (error: unknown) => {
            if (!(error instanceof CloudError)) throw error
            if (!isGone(error)) failures.push(error)
          },
        )
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, machines.length) }, work))
  const worst = failures.find(({ fault }) => fault !== 'throttled') ?? failures[0]
  if (worst !== undefined) throw worst
}
