import { addAccessConfig, deleteAccessConfig } from './access-configs.ts'
import { deleteAddress, insertAddress } from './addresses.ts'
import type { Act } from './asks.ts'
import { deleteFirewall, insertFirewall, patchFirewall, updateFirewall } from './firewalls.ts'
import { deleteDisk, deleteInstance, serialPort, setLabels, stopInstance } from './instances.ts'
import { bulkInsert, insertInstance } from './launches.ts'
import { aggregatedOf, getOf, imageOfFamily, listOf, projectItself } from './looking.ts'

export interface Method {
  /** As the discovery document has it, without `compute.`. */
  readonly id: string
  readonly verb: string
  /** After `/compute/v1/`. */
  readonly path: string
  readonly act: Act
}

const zone = 'projects/{project}/zones/{zone}'
const region = 'projects/{project}/regions/{region}'
const global = 'projects/{project}/global'
const aggregated = 'projects/{project}/aggregated'

const method = (id: string, verb: string, path: string, act: Act): Method => ({ id, verb, path, act })

/** Singular in paths: `{instance}`, `{address}`. */
const oneOf = (collection: string): string =>
  collection === 'addresses' ? 'address' : collection.slice(0, -1)

const looks = (collection: string, place: string): readonly Method[] => [
  method(`${collection}.list`, 'GET', `${place}/${collection}`, listOf(collection)),
  method(`${collection}.get`, 'GET', `${place}/${collection}/{${oneOf(collection)}}`, getOf(collection)),
]

const across = (collection: string): Method =>
  method(`${collection}.aggregatedList`, 'GET', `${aggregated}/${collection}`, aggregatedOf(collection))

const operations = (kind: string, place: string): readonly Method[] => [
  method(`${kind}Operations.list`, 'GET', `${place}/operations`, listOf('operations')),
  method(`${kind}Operations.get`, 'GET', `${place}/operations/{operation}`, getOf('operations')),
  method(`${kind}Operations.wait`, 'POST', `${place}/operations/{operation}/wait`, getOf('operations')),
]

const instance = `${zone}/instances/{instance}`

export const methods: readonly Method[] = [
  ...looks('instances', zone),
  across('instances'),
  method('instances.insert', 'POST', `${zone}/instances`, insertInstance),
  method('instances.bulkInsert', 'POST', `${zone}/instances/bulkInsert`, bulkInsert),
  method('regionInstances.bulkInsert', 'POST', `${region}/instances/bulkInsert`, bulkInsert),
  method('instances.delete', 'DELETE', instance, deleteInstance),
  method('instances.stop', 'POST', `${instance}/stop`, stopInstance),
  method('instances.addAccessConfig', 'POST', `${instance}/addAccessConfig`, addAccessConfig),
  method('instances.deleteAccessConfig', 'POST', `${instance}/deleteAccessConfig`, deleteAccessConfig),
  method('instances.setLabels', 'POST', `${instance}/setLabels`, setLabels),
  method('instances.getSerialPortOutput', 'GET', `${instance}/serialPort`, serialPort),
  ...looks('disks', zone),
  across('disks'),
  method('disks.delete', 'DELETE', `${zone}/disks/{disk}`, deleteDisk),
  ...looks('addresses', region),
  across('addresses'),
  method('addresses.insert', 'POST', `${region}/addresses`, insertAddress),
  method('addresses.delete', 'DELETE', `${region}/addresses/{address}`, deleteAddress),
  ...looks('firewalls', global),
  method('firewalls.insert', 'POST', `${global}/firewalls`, insertFirewall),
  method('firewalls.patch', 'PATCH', `${global}/firewalls/{firewall}`, patchFirewall),
  method('firewalls.update', 'PUT', `${global}/firewalls/{firewall}`, updateFirewall),
  method('firewalls.delete', 'DELETE', `${global}/firewalls/{firewall}`, deleteFirewall),
  ...operations('zone', zone),
  ...operations('region', region),
  ...operations('global', global),
  ...looks('machineTypes', zone),
  across('machineTypes'),
  ...looks('acceleratorTypes', zone),
  across('acceleratorTypes'),
  ...looks('images', global),
  method('images.getFromFamily', 'GET', `${global}/images/family/{family}`, imageOfFamily),
  ...looks('networks', global),
  ...looks('subnetworks', region),
  across('subnetworks'),
  ...looks('zones', 'projects/{project}'),
  ...looks('regions', 'projects/{project}'),
  method('projects.get', 'GET', 'projects/{project}', projectItself),
]

interface Found {
  readonly method: Method
  readonly params: ReadonlyMap<string, string>
}

const patterns = methods.map(each => ({
  method: each,
  names: [...each.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name),
  pattern: new RegExp(`^${each.path.replaceAll(/\{\w+\}/g, '([^/]+)')}$`),
}))

/** What is asked for by a path after `/compute/v1/`. */
export function methodAt(verb: string, path: string): Found | undefined {
  for (const { method: each, names, pattern } of patterns) {
    const found = each.verb === verb ? pattern.exec(path) : null
    if (found === null) continue
    const params = names.map((name, index) => [name, decodeURIComponent(found[index + 1] ?? '')] as const)
    return { method: each, params: new Map(params) }
  }
  return undefined
}
