import type { Call } from '../../lib/call.ts'
import type { MachineId } from '../../model/names.ts'
import { endEach } from '../end-each.ts'
import { unless } from '../unless.ts'
import { numberOf } from './droplets.ts'
import type { Ending } from './ending.ts'
import { isGone } from './faults.ts'
import { client } from './sdk.ts'
import type { DigitalOceanSession } from './session.ts'

/** So many requests are on their way at once. DigitalOcean's one for many goes by a tag, which a stranger's droplet may have. */
const atOnce = 16

/** Asks for each droplet's end; what DigitalOcean does not know any more has ended. */
export const end = (
  { session, ending }: { readonly session: DigitalOceanSession; readonly ending: Ending },
  machines: readonly MachineId[],
  call: Call,
): Promise<void> =>
  endEach(machines, atOnce, async id => {
    const number = numberOf(id)
    if (number === undefined) return
    const asked = session.make('droplets.delete', call, context => client.deleteDroplet(context, number))
    await unless(
      isGone,
      asked.then(() => ending.asked(id)),
    )
  })
