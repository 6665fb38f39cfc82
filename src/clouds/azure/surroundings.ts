import { digest } from '../../lib/fingerprint.ts'
import type { Look, Resources } from './lists.ts'

/** Lists may lag behind what has just changed. */
const quietMs = 60_000
/** Less than the sweeper waits between two looks: what it ends was on two lists of its own. */
const keptMs = 25_000

type Machines = Pick<Look, 'machines' | 'states' | 'disks'>

interface Kept {
  readonly at: number
  readonly resources: Resources
}

/**
 * The six lists of groups and networks, kept for a while where for a minute no machine has come, gone or changed, the operator
 * has changed nothing itself, and nothing is on its way.
 */
export class Surroundings {
  readonly #now: () => number
  readonly #changes: () => number
  #quiet = { by: '', since: 0 }
  #kept: Kept | undefined

  /** `changes` counts what the operator has asked to change. */
  constructor(now: () => number, changes: () => number) {
    this.#now = now
    this.#changes = changes
  }

  async of(machines: Machines, list: () => Promise<Resources>): Promise<Resources> {
    const at = this.#now()
    const by = digest([this.#changes(), ...told(machines)])
    if (by !== this.#quiet.by) this.#quiet = { by, since: at }
    const kept = this.#kept
    const isQuiet = at - this.#quiet.since >= quietMs
    if (isQuiet && kept !== undefined && at - kept.at < keptMs) return kept.resources
    const resources = await list()
    this.#kept = isQuiet && isCalm(resources) ? { at, resources } : undefined
    return resources
  }
}

/** What of machines and disks has to do with what is around them. */
const told = ({ machines, states, disks }: Machines): readonly unknown[] => [
  machines.map(({ id, provisioningState }) => [id ?? '', provisioningState ?? '']),
  [...states],
  disks.map(({ id, managedBy }) => [id ?? '', managedBy ?? '']),
]

const isCalm = ({ groups, ...others }: Resources): boolean =>
  [
    ...groups.map(({ properties }) => properties?.provisioningState),
    ...Object.values(others)
      .flat()
      .map(({ provisioningState }) => provisioningState),
  ].every(state => state !== 'Deleting' && state !== 'Updating' && state !== 'Creating')
