import { diskType, machineType } from './machines.ts'
import { types } from './network.ts'
import { lower } from './world.ts'

/** What a path names, with the collection's own spelling. */
export interface Target {
  readonly group: string
  readonly type: string
  readonly name: string
  /** What is done to it, beside what the method says. */
  readonly verb: string
}

export const groupType = 'resourceGroups'
const known = [machineType, diskType, ...Object.values(types)]
const spelled = (type: string): string => known.find(each => lower(each) === lower(type)) ?? type

/** `virtualMachines.createOrUpdate` and the like: the SDK's own names. */
export function nameOf({ method, url }: { readonly method: string; readonly url: URL }): string {
  const { type, name, verb, group } = targetOf(url)
  const [, kind = type] = type.split('/')
  if (/\/operations\//i.test(url.pathname)) return 'operations.get'
  if (verb === 'resources') return 'resources.listByResourceGroup'
  if (type === 'skus') return 'resourceSkus.list'
  if (type === 'versions') return `virtualMachineImages.${name === '' ? 'list' : 'get'}`
  if (method === 'POST') return `${kind}.${verb}`
  if (method === 'PUT') return `${kind}.createOrUpdate`
  if (method === 'DELETE') return `${kind}.delete`
  if (name !== '') return `${kind}.get`
  const isPlain = kind === groupType || kind === 'disks' || group !== ''
  return `${kind}.${isPlain ? 'list' : 'listAll'}`
}

export function targetOf(url: URL): Target {
  const parts = url.pathname.split('/').slice(1)
  const [, , third = '', group = '', , namespace = '', kind = '', name = '', verb = ''] = parts
  if (lower(third) === 'resourcegroups') {
    if (lower(parts[4]) === 'resources') return { group, type: 'resources', name: '', verb: 'resources' }
    if (namespace === '') return { group, type: groupType, name: group, verb: '' }
    return { group, type: spelled(`${namespace}/${kind}`), name, verb }
  }
  if (lower(third) !== 'providers') return { group: '', type: third, name: '', verb: '' }
  const rest = parts.slice(3)
  if (lower(rest[1]) === 'skus') return { group: '', type: 'skus', name: '', verb: '' }
  if (rest.some(each => lower(each) === 'versions'))
    return {
      group: '',
      type: 'versions',
      name: rest.at(-1) === 'versions' ? '' : (rest.at(-1) ?? ''),
      verb: '',
    }
  return { group: '', type: spelled(`${rest[0] ?? ''}/${rest[1] ?? ''}`), name: '', verb: '' }
}
