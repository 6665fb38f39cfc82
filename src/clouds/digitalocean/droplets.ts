import type { Machine, MachineState } from '../../model/machine.ts'
import { type LaunchId, type MachineId, machineId } from '../../model/names.ts'
import { schedulerPort } from '../../model/ports.ts'
import { isOfLaunch } from '../machine-names.ts'
import { markedMachine, type Ours } from '../marks.ts'
import type { Ending } from './ending.ts'
import type { Droplet } from './sdk.ts'
import { readTags } from './tags.ts'

export const idOf = ({ id }: Pick<Droplet, 'id'>): MachineId => machineId(String(id))

/** Undefined for what was never a droplet's. */
export const numberOf = (id: MachineId): number | undefined =>
  /^[1-9]\d{0,15}$/.test(id) ? Number(id) : undefined

/** A machine of ours, or undefined for a stranger's. */
export const machineOf = (droplet: Droplet, ours: Ours, ending: Ending): Machine | undefined =>
  markedMachine(readTags(droplet.tags), ours, (launch: LaunchId) => isOfLaunch(droplet.name, launch), {
    id: idOf(droplet),
    createdAt: Date.parse(droplet.created_at),
    state: ending.has(idOf(droplet)) ? { kind: 'leaving' } : stateOf(droplet),
  })

/**
 * A droplet that is off costs what it did: it is of no use, and to be ended. One that has its addresses is as good as running,
 * though DigitalOcean calls it new for half a minute more: workers may be told where their scheduler will be.
 */
function stateOf(droplet: Droplet): MachineState {
  if (droplet.status === 'off') return { kind: 'stopped' }
  if (droplet.status === 'archive') return { kind: 'leaving' }
  const internal = addressOf(droplet, 'private')
  if (internal === undefined) return { kind: 'starting' }
  const external = addressOf(droplet, 'public') ?? internal
  return {
    kind: 'running',
    addresses: {
      internal: { host: internal, port: schedulerPort },
      external: { host: external, port: schedulerPort },
    },
  }
}

const addressOf = ({ networks }: Droplet, type: 'public' | 'private'): string | undefined =>
  networks?.v4?.find(each => each.type === type)?.ip_address
