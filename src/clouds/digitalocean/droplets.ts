import type { Machine, MachineState } from '../../model/machine.ts'
import { type LaunchId, type MachineId, machineId } from '../../model/names.ts'
import { schedulerPort } from '../../model/ports.ts'
import { isOfLaunch } from '../machine-names.ts'
import { markedMachine, type Ours } from '../marks.ts'
import type { Ending } from './ending.ts'
import type { Off } from './off.ts'
import type { Droplet } from './sdk.ts'
import { readTags } from './tags.ts'

export const idOf = ({ id }: Pick<Droplet, 'id'>): MachineId => machineId(String(id))

/** Undefined for what was never a droplet's. */
export const numberOf = (id: MachineId): number | undefined =>
  /^[1-9]\d{0,15}$/.test(id) ? Number(id) : undefined

/** What this process knows of droplets beside what a list shows. */
export interface Sight {
  readonly ending: Ending
  readonly off: Off
}

/**
 * A machine of ours, or undefined for a stranger's. Its seal is made over the installation, so the tag by which all are listed
 * need not be on it.
 */
export const machineOf = (droplet: Droplet, ours: Ours, sight: Sight): Machine | undefined =>
  markedMachine(
    { ...readTags(droplet.tags ?? []), installation: ours.installation },
    ours,
    (launch: LaunchId) => isOfLaunch(droplet.name, launch),
    {
      id: idOf(droplet),
      createdAt: Date.parse(droplet.created_at),
      state: stateOf(droplet, sight),
    },
  )

/**
 * A droplet that is off costs what it did: it is of no use, and to be ended. One that has its addresses is as good as running,
 * though DigitalOcean calls it new for half a minute more: workers may be told where their scheduler will be.
 */
function stateOf(droplet: Droplet, { ending, off }: Sight): MachineState {
  const isOff = off.isLasting(idOf(droplet), droplet)
  if (ending.has(idOf(droplet))) return { kind: 'leaving' }
  if (isOff || droplet.status === 'archive') return { kind: 'stopped' }
  const [internal, outside] = [addressOf(droplet, 'private'), addressOf(droplet, 'public')]
  // One of the two may be told before the other.
  if (internal === undefined || (outside === undefined && droplet.status === 'new'))
    return { kind: 'starting' }
  return {
    kind: 'running',
    addresses: {
      internal: { host: internal, port: schedulerPort },
      external: { host: outside ?? internal, port: schedulerPort },
    },
  }
}

const addressOf = ({ networks }: Droplet, type: 'public' | 'private'): string | undefined =>
  networks?.v4?.find(each => each.type === type)?.ip_address
