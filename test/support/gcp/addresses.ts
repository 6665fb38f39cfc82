import { type Act, descriptionIn, nameIn, noOthers, textIn } from './asks.ts'
import { alreadyExists, GceFailure, inUse, invalidField, notFound, notReady } from './failure.ts'
import { freeIp, holderOf, subnetworkFor, usersOf } from './networks.ts'
import { once, operationJson, start } from './operations.ts'
import { roomFor } from './quotas.ts'
import { type Address, born, lastOf, type Project, pathOf } from './world.ts'

export const insertAddress: Act = ask => {
  const { project, scope, query, body, by } = ask
  const asked = { id: query.get('requestId'), asked: [ask.method, scope, body] }
  const operation = once(project, asked, () => {
    const address = addressFrom(ask)
    project.addresses.set(`${scope}/${address.name}`, address)
    return start(project, { scope, type: 'insert', user: by.email, target: ['addresses', address] })
  })
  return operationJson(project, operation)
}

const members = [
  'name',
  'description',
  'addressType',
  'address',
  'subnetwork',
  'purpose',
  'networkTier',
  'ipVersion',
  'region',
]

function addressFrom({ project, scope, body }: Parameters<Act>[0]): Address {
  noOthers(body, 'resource', members)
  const name = nameIn(body, 'resource')
  if (project.addresses.has(`${scope}/${name}`))
    throw alreadyExists(pathOf(project, 'addresses', { scope, name }))
  const kind = textIn(body, 'addressType', 'resource') ?? 'EXTERNAL'
  if (kind !== 'INTERNAL' && kind !== 'EXTERNAL') throw invalidField('resource.addressType', kind, '')
  refuseOverQuota(project, lastOf(scope), kind)
  const thing = born(project, scope, name)
  const own = { ...thing, kind, description: descriptionIn(body, 'resource') } as const
  const readyAt = thing.at + 2 * project.world.tempo.operationMs
  if (kind === 'INTERNAL') return { ...own, ...internal(project, lastOf(scope), body), readyAt }
  if (body['subnetwork'] !== undefined)
    throw invalidField('resource.subnetwork', body['subnetwork'], 'External addresses have no subnetwork.')
  return { ...own, address: project.world.publicIp(thing.seq), subnetwork: undefined, readyAt }
}

function refuseOverQuota(project: Project, region: string, kind: string): void {
  const metric = kind === 'EXTERNAL' ? 'STATIC_ADDRESSES' : 'INTERNAL_ADDRESSES'
  const room = roomFor(project, region, metric)
  if (room < 1)
    throw new GceFailure(403, 'quotaExceeded', `Quota '${metric}' exceeded.  Limit: 0 in region ${region}.`)
}

function internal(project: Project, region: string, body: Parameters<Act>[0]['body']) {
  const asked = { network: undefined, subnetwork: textIn(body, 'subnetwork', 'resource') }
  const { home, subnetwork } = subnetworkFor(project, asked, region, 'resource')
  const wished = textIn(body, 'address', 'resource')
  if (wished !== undefined && holderOf(home, subnetwork, wished) !== undefined)
    throw invalidField('resource.address', wished, 'Specified IP address is already reserved.')
  const link = `projects/${home.name}/${subnetwork.scope}/subnetworks/${subnetwork.name}`
  return { address: wished ?? freeIp(home, subnetwork), subnetwork: link }
}

export const deleteAddress: Act = ask => {
  const { project, scope, name, query, by } = ask
  const operation = once(project, { id: query.get('requestId'), asked: [ask.method, scope, name] }, () => {
    const path = pathOf(project, 'addresses', { scope, name })
    const address = project.addresses.get(`${scope}/${name}`)
    if (address === undefined) throw notFound(path)
    if (project.world.now() < address.readyAt) throw notReady(path)
    const user = usersOf(project, address)[0]
    if (user !== undefined) throw inUse(`address '${path}'`, pathOf(project, 'instances', user))
    project.addresses.delete(`${scope}/${name}`)
    return start(project, { scope, type: 'delete', user: by.email, target: ['addresses', address] })
  })
  return operationJson(project, operation)
}
