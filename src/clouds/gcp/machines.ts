import type { Call } from '../../lib/call.ts'
import { CloudError } from '../../model/faults.ts'
import { isThere, type Machine, type MachineState, type ReservedAddress } from '../../model/machine.ts'
import { type MachineId, machineId } from '../../model/names.ts'
import { schedulerPort } from '../../model/ports.ts'
import { isOfLaunch } from '../machine-names.ts'
import { markedMachine, type Ours } from '../marks.ts'
import type { Place } from '../own-machines.ts'
import { readMarks } from './marks.ts'
import { aggregated, type Instance, lastOf, type Page, type Scoped } from './sdk.ts'
import type { GcpSession } from './session.ts'

/** Without its metadata, which holds user data: a thousand machines would be ten megabytes a list. */
const machineFields =
  'name,zone,status,creationTimestamp,description,networkInterfaces(name,networkIP,accessConfigs(name,natIP))'

const pageSize = 500

/** A page that leaves something out is a failed look. */
export function whole(name: string, { items, unreachables }: Page): readonly Scoped[] {
  const scopes = Object.values(items ?? {})
  const odd = scopes.find(({ warning }) => warning?.code && warning.code !== 'NO_RESULTS_ON_PAGE')
  if (odd === undefined && (unreachables ?? []).length === 0) return scopes
  const code = odd?.warning?.code ?? 'UNREACHABLE'
  throw new CloudError('unavailable', `${name}: Google cannot see all of its zones now (${code})`)
}

/** Everything on all pages of a list. `page` asks for the one with a token. */
export async function everyPage<T>(
  page: (
    token: string | undefined,
  ) => Promise<{ readonly found: readonly T[]; readonly next: string | undefined }>,
): Promise<readonly T[]> {
  const all: T[] = []
  let token: string | undefined
  do {
    const { found, next } = await page(token)
    all.push(...found)
    token = next
  } while (token !== undefined)
  return all
}

type Aggregated = 'instances' | 'addresses' | 'machineTypes'

/** Things of one kind in all zones or regions of the project, all pages, by Google's filter. Only `fields` of them are told. */
export async function aggregatedIn(
  session: GcpSession,
  kind: Aggregated,
  { filter, fields }: { readonly filter: string; readonly fields: string },
  call: Call,
): Promise<readonly Scoped[]> {
  const { project, clients } = session
  const name = `${kind}.aggregatedList` as const
  return everyPage(async token => {
    const asked = { project, filter, maxResults: pageSize, ...(token && { pageToken: token }) }
    const page = await session.make(name, call, options => aggregated(clients[kind], asked, options), {
      fields: `items/*/${kind}(${fields}),items/*/warning(code),nextPageToken,unreachables`,
    })
    // Sizes that cannot be seen now are none to be had; anything else that is left out would be taken for gone.
    const found = kind === 'machineTypes' ? Object.values(page.items ?? {}) : whole(name, page)
    return { found, next: page.nextPageToken || undefined }
  })
}

export async function instancesIn(
  session: GcpSession,
  filter: string,
  call: Call,
): Promise<readonly Instance[]> {
  const scopes = await aggregatedIn(session, 'instances', { filter, fields: machineFields }, call)
  return scopes.flatMap(({ instances }) => instances ?? [])
}

/** A machine of ours, or undefined for a stranger's: nobody can edit its name, which is its launch's. */
export function machineOf(instance: Instance, ours: Ours): Machine | undefined {
  const { name, creationTimestamp, description } = instance
  if (!name) return undefined
  const createdAt = Date.parse(creationTimestamp ?? '') || 0
  const seen = { id: machineId(name), createdAt, state: stateOf(instance) }
  return markedMachine(readMarks(description), ours, launch => isOfLaunch(name, launch), seen)
}

export const zoneOf = ({ zone }: Instance): string => lastOf(zone)

/** https://cloud.google.com/compute/docs/instances/instance-lifecycle */
function stateOf(instance: Instance): MachineState {
  switch (instance.status ?? '') {
    case 'RUNNING': {
      const { internal, external } = addressesOf(instance)
      return internal === undefined ? { kind: 'starting' } : running(internal, external)
    }
    case 'STOPPING':
    case 'PENDING_STOP':
    case 'DEPROVISIONING':
      return { kind: 'leaving' }
    case 'TERMINATED':
    case 'STOPPED':
    case 'SUSPENDING':
    case 'SUSPENDED':
      return { kind: 'stopped' }
    default:
      return { kind: 'starting' }
  }
}

export function addressesOf({ networkInterfaces }: Instance): {
  readonly internal: string | undefined
  readonly external: string | undefined
} {
  const [first] = networkInterfaces ?? []
  return {
    internal: first?.networkIP || undefined,
    external: first?.accessConfigs?.[0]?.natIP || undefined,
  }
}

export const daskAt = (host: string) => ({ host, port: schedulerPort })

const running = (internal: string, external: string | undefined): MachineState => ({
  kind: 'running',
  addresses: { internal: daskAt(internal), external: daskAt(external ?? internal) },
})

/** A scheduler is reached at the address that was made for it, from its first moment. */
export function at(machine: Machine, addresses: readonly ReservedAddress[]): Machine {
  if (machine.role !== 'scheduler' || machine.state.kind !== 'running') return machine
  const kept = addresses.find(({ owner }) => owner === machine.owner)
  if (kept === undefined) return machine
  const { internal, external } = kept
  return { ...machine, state: { kind: 'running', addresses: { internal, external } } }
}

/** Names in one filter. */
const atOnce = 50

/** Where our machines of these names are, in all zones. */
export async function placesOf(
  session: GcpSession,
  ours: Ours,
  names: readonly MachineId[],
  call: Call,
): Promise<readonly Place[]> {
  const places: Place[] = []
  for (let from = 0; from < names.length; from += atOnce) {
    const filter = names.slice(from, from + atOnce).map(name => `(name = "${name}")`)
    for (const instance of await instancesIn(session, filter.join(' OR '), call)) {
      const machine = machineOf(instance, ours)
      if (machine !== undefined && isThere(machine)) places.push({ id: machine.id, place: zoneOf(instance) })
    }
  }
  return places
}
