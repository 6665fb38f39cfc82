import { machineType } from './machines.ts'
import { type AzureWorld, type Json, lower, type Resource } from './world.ts'

/** A resource as Resource Manager tells it. */
export function toldOf({ id, name, type, body, properties }: Resource): Json {
  const { properties: _asked, ...rest } = body
  return { ...rest, id, name, type, properties: told(properties) }
}

/** What only the simulator has to know. */
const told = ({ deleteOption: _untold, ...properties }: Readonly<Record<string, unknown>>): Json => properties

/** In lists of machines Azure writes resource groups in capitals. */
export const listedMachine = (machine: Resource): Json => ({
  ...toldOf(machine),
  id: machine.id.replace(/resourceGroups\/[^/]+/, `resourceGroups/${machine.group.toUpperCase()}`),
})

/** Whether machines run: nothing else of them is in that list. */
export const statusOf = (machine: Resource): Json => ({
  id: listedMachine(machine)['id'],
  name: machine.name,
  type: machineType,
  location: machine.body.location,
  properties: { instanceView: { statuses: machine.states.map(code => ({ code, level: 'Info' })) } },
})

export interface Page {
  readonly value: readonly Json[]
  readonly nextLink?: string
}

/** `skiptoken` is where a page begins. */
export function pageOf(all: readonly Json[], url: URL, size: number): Page {
  const from = Number(url.searchParams.get('$skiptoken') ?? 0)
  const value = all.slice(from, from + size)
  if (from + size >= all.length) return { value }
  const next = new URL(url)
  next.searchParams.set('$skiptoken', String(from + size))
  return { value, nextLink: next.href }
}

/** What a principal may see of a list: what it may not see is not in it, and nothing says so. */
export const visible = (
  world: AzureWorld,
  actions: ReadonlySet<string> | undefined,
  type: string,
): readonly Resource[] =>
  actions === undefined || actions.has(`${lower(type)}/read`) ? world.listed(type) : []
