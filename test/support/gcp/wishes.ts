import {
  type Ask,
  descriptionIn,
  flagIn,
  labelsIn,
  noOthers,
  recordIn,
  recordsIn,
  textIn,
  textsIn,
} from './asks.ts'
import { type BootDisk, bootDiskFrom } from './boot-disks.ts'
import type { MachineType } from './catalog.ts'
import { GceFailure, invalidField } from './failure.ts'
import { type Placed, subnetworkFor } from './networks.ts'
import { type Schedule, scheduleFrom } from './schedules.ts'
import { type Json, lastOf, type Project } from './world.ts'

/** A machine as it is asked for, before it has a name and a zone. */
export interface Wish {
  readonly machineType: string
  readonly type: MachineType
  readonly disk: BootDisk
  readonly placed: Placed
  readonly ip: string | undefined
  /** Undefined for none, empty for any. */
  readonly natIp: string | undefined
  readonly schedule: Schedule
  readonly labels: Readonly<Record<string, string>>
  readonly given: Json
}

export interface Where {
  readonly region: string
  /** Undefined where Google chooses. */
  readonly zone: string | undefined
  readonly path: string
  /** Properties of many name what they need by name alone. */
  readonly isBulk: boolean
}

const members = [
  'canIpForward',
  'description',
  'disks',
  'guestAccelerators',
  'labels',
  'machineType',
  'metadata',
  'networkInterfaces',
  'scheduling',
  'serviceAccounts',
  'shieldedInstanceConfig',
  'tags',
]

export function wishFrom({ project }: Ask, body: Json, where: Where): Wish {
  const { path, isBulk } = where
  noOthers(body, path, isBulk ? members : [...members, 'name', 'hostname', 'deletionProtection'])
  const machineType = machineTypeIn(body, where)
  const type = project.catalog.machineTypes.get(machineType)
  if (type === undefined)
    throw invalidField(
      `${path}.machineType`,
      machineType,
      `Machine type with name '${machineType}' does not exist.`,
    )
  const accelerators = acceleratorsIn(project, body, path)
  const hasGpu = accelerators.length > 0 || type.accelerators !== undefined
  return {
    machineType,
    type,
    disk: bootDiskFrom(project, body, { ...where, architecture: type.architecture }),
    ...interfaceFrom(project, body, where),
    schedule: scheduleFrom(recordIn(body, 'scheduling', path), `${path}.scheduling`, hasGpu),
    labels: labelsIn(body, path),
    given: {
      description: descriptionIn(body, path),
      canIpForward: flagIn(body, 'canIpForward', path) ?? false,
      tags: { items: tagsIn(body, path), fingerprint: '42WmSpB8rSM=' },
      metadata: metadataIn(body, path),
      serviceAccounts: serviceAccountsIn(body, path),
      shieldedInstanceConfig: recordIn(body, 'shieldedInstanceConfig', path),
      guestAccelerators: accelerators,
    },
  }
}

function machineTypeIn(body: Json, { path, isBulk, zone }: Where): string {
  const found = textIn(body, 'machineType', path)
  if (found === undefined) throw invalidField(`${path}.machineType`, '', 'It must be given.')
  if (isBulk && found.includes('/')) throw new GceFailure(500, 'internalError', 'INTERNAL_ERROR')
  if (isBulk) return found
  const [, place, name] = /zones\/([^/]+)\/machineTypes\/([^/]+)$/.exec(found) ?? []
  if (name === undefined || place !== zone)
    throw invalidField(`${path}.machineType`, found, 'The URL is malformed.')
  return name
}

function acceleratorsIn(project: Project, body: Json, path: string): readonly Json[] {
  return recordsIn(body, 'guestAccelerators', path).map((each, index) => {
    const own = `${path}.guestAccelerators[${index}]`
    const type = lastOf(textIn(each, 'acceleratorType', own) ?? '')
    if (!project.catalog.accelerators.has(type))
      throw invalidField(`${own}.acceleratorType`, type, `Accelerator type '${type}' does not exist.`)
    return each
  })
}

function tagsIn(body: Json, path: string): readonly string[] {
  const items = textsIn(recordIn(body, 'tags', path), 'items', `${path}.tags`)
  const wrong = items.find(each => !/^[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(each))
  if (wrong !== undefined) throw invalidField(`${path}.tags.items`, wrong, 'Not a valid network tag.')
  if (items.length > 64) throw invalidField(`${path}.tags.items`, items.length, 'There are too many.')
  return items
}

const mostOfValue = 262_144
const mostOfAll = 524_288

function metadataIn(body: Json, path: string): Json {
  const own = `${path}.metadata`
  const items = recordsIn(recordIn(body, 'metadata', path), 'items', own)
  const sizes = items.map(each => {
    const [key, value] = [textIn(each, 'key', own) ?? '', textIn(each, 'value', own) ?? '']
    if (!/^[a-zA-Z0-9_-]{1,128}$/.test(key)) throw invalidField(`${own}.items.key`, key, 'Not a valid key.')
    const size = Buffer.byteLength(value)
    if (size > mostOfValue)
      throw invalidField(
        `${own}.items[${key}].value`,
        `${size} bytes`,
        `Value is too large: maximum size ${mostOfValue} bytes.`,
      )
    return size + key.length
  })
  if (sizes.reduce((sum, each) => sum + each, 0) > mostOfAll)
    throw invalidField(own, 'all of it', `Metadata is too large: maximum size ${mostOfAll} bytes.`)
  return { kind: 'compute#metadata', fingerprint: '42WmSpB8rSM=', items }
}

function serviceAccountsIn(body: Json, path: string): readonly Json[] {
  const found = recordsIn(body, 'serviceAccounts', path)
  if (found.length > 1) throw invalidField(`${path}.serviceAccounts`, found.length, 'There may be one.')
  for (const each of found)
    if (textsIn(each, 'scopes', `${path}.serviceAccounts[0]`).length === 0)
      throw invalidField(`${path}.serviceAccounts[0].scopes`, '', 'At least one scope must be given.')
  return found
}

function interfaceFrom(project: Project, body: Json, { region, path }: Where) {
  const own = `${path}.networkInterfaces[0]`
  const [nic, more] = recordsIn(body, 'networkInterfaces', path)
  if (nic === undefined || more !== undefined)
    throw invalidField(`${path}.networkInterfaces`, '', 'This world gives a machine one interface.')
  noOthers(nic, own, ['network', 'subnetwork', 'networkIP', 'accessConfigs', 'nicType', 'stackType', 'name'])
  const asked = { network: textIn(nic, 'network', own), subnetwork: textIn(nic, 'subnetwork', own) }
  const [config] = recordsIn(nic, 'accessConfigs', own)
  const type = config === undefined ? undefined : (textIn(config, 'type', own) ?? 'ONE_TO_ONE_NAT')
  if (type !== undefined && type !== 'ONE_TO_ONE_NAT')
    throw invalidField(`${own}.accessConfigs[0].type`, type, 'It must be ONE_TO_ONE_NAT.')
  return {
    placed: subnetworkFor(project, asked, region, own),
    ip: addressIn(project, region, textIn(nic, 'networkIP', own)),
    natIp:
      config === undefined ? undefined : (addressIn(project, region, textIn(config, 'natIP', own)) ?? ''),
  }
}

/** An address as it is, or by the link of its reservation. */
function addressIn(project: Project, region: string, found: string | undefined): string | undefined {
  if (found === undefined || !found.includes('/')) return found
  const address = project.addresses.get(`regions/${region}/${lastOf(found)}`)
  if (address === undefined) throw invalidField('networkIP', found, 'The address does not exist.')
  return address.address
}
