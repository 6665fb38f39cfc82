import type { Call } from '../lib/call.ts'
import type { Action } from '../model/action.ts'
import { CloudError } from '../model/faults.ts'
import type { MachineId } from '../model/names.ts'
import type { Renewal } from '../model/renewal.ts'
import { heldOn, heldText } from '../plan/joined.ts'
import type { Bench } from './act.ts'

type Renew = Extract<Action, { type: 'renew-machine-certificates' }>

/** Each machine's own outcome is remembered, so that one that does not take them is left alone for a while. */
export async function renewMachines(
  { role, part, machines }: Renew,
  { desk, world, ledger }: Pick<Bench, 'desk' | 'world' | 'ledger'>,
  call: Call,
): Promise<void> {
  const note = (id: MachineId, outcome: Renewal): void =>
    ledger.renewed(id, outcome, heldTextOf(world, id), desk.clock.now())
  let isNothingDone = false
  try {
    const outcomes = await desk.hands.renewMachines(world.cluster, { role, part, machines }, call)
    for (const id of machines) note(id, outcomes.get(id) ?? absent)
    const refused = [...outcomes].filter(([, { kind }]) => kind !== 'done')
    for (const [machine, outcome] of refused.slice(0, 3))
      desk.log('warn', { machine, outcome }, 'a machine did not take new certificates')
    isNothingDone = refused.length === outcomes.size
  } catch (error) {
    const problem = error instanceof CloudError ? error.message : 'its scheduler could not be asked'
    for (const id of machines) note(id, { kind: 'failed', problem })
    throw error
  }
  if (isNothingDone) throw new CloudError('unavailable', 'No machine took new certificates; the log says why')
}

const absent: Renewal = { kind: 'failed', problem: 'its scheduler does not know it' }

function heldTextOf(world: Bench['world'], id: MachineId): string {
  const { inventory } = world
  const machine = inventory.kind === 'seen' ? inventory.machines.find(each => each.id === id) : undefined
  return machine === undefined ? '' : heldText(heldOn(world, machine))
}
