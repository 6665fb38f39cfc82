import { isRecord } from '../../../src/lib/parse.ts'
import type { Ask } from './asks.ts'
import { recordIn, recordsIn, textIn } from './asks.ts'
import { publicProjects } from './catalog.ts'
import { GceFailure } from './failure.ts'
import { type Account, type Json, type Project, partsOf, pathOf } from './world.ts'

interface Need {
  readonly permission: string
  readonly project: string
  readonly on: string
}

/** Throws where who asks lacks a permission that the method needs for what it is asked. */
export function allowed(ask: Ask): void {
  const lacking = needs(ask).find(need => !has(ask.by, need))
  if (lacking === undefined) return actAs(ask)
  throw new GceFailure(403, 'forbidden', `Required '${lacking.permission}' permission for '${lacking.on}'`)
}

function has({ grants }: Account, { permission, project }: Need): boolean {
  if (
    publicProjects.has(project) &&
    /^compute\.images\.(get|getFromFamily|list|useReadOnly)$/.test(permission)
  )
    return true
  const rights = grants.get(project)
  return rights === 'all' || rights?.has(permission) === true
}

function needs(ask: Ask): readonly Need[] {
  const { project, method } = ask
  const [collection = '', verb = ''] = method.split('.')
  const on = ask.name === '' ? `projects/${project.name}` : pathOf(project, collection, ask)
  const of = (permission: string, where = project.name): Need => ({
    permission: `compute.${permission}`,
    project: where,
    on,
  })
  if (verb === 'aggregatedList') return [of(`${collection}.list`)]
  if (verb === 'wait') return [of(`${collection}.get`)]
  if (verb === 'bulkInsert') return launching(ask, recordIn(ask.body, 'instanceProperties', 'resource'), of)
  if (method === 'instances.insert') return launching(ask, ask.body, of)
  if (method === 'instances.addAccessConfig')
    return [of(method), of('addresses.use'), of('subnetworks.useExternalIp')]
  if (collection === 'firewalls') return firewall(verb, of)
  if (collection === 'addresses') return address(ask, verb, of)
  return [of(`${collection}.${verb}`)]
}

type Of = (permission: string, project?: string) => Need

/** See "Permissions required for this task" of the pages about creating instances. */
function launching({ project }: Ask, body: Json, of: Of): readonly Need[] {
  const [nic = {}] = recordsIn(body, 'networkInterfaces', 'resource')
  const [config] = recordsIn(nic, 'accessConfigs', 'resource')
  const host = subnetHost(project, nic)
  const image = recordsIn(body, 'disks', 'resource').flatMap(disk => {
    const { sourceImage } = recordIn(disk, 'initializeParams', 'resource')
    return typeof sourceImage === 'string' ? [of('images.useReadOnly', partsOf(sourceImage)[1])] : []
  })
  return [
    of('instances.create'),
    of('disks.create'),
    ...image,
    of('subnetworks.use', host),
    ...(config === undefined ? [] : [of('subnetworks.useExternalIp', host)]),
    ...(textIn(nic, 'networkIP', 'resource') === undefined ? [] : [of('addresses.useInternal')]),
    ...(config === undefined || textIn(config, 'natIP', 'resource') === undefined
      ? []
      : [of('addresses.use')]),
    ...(hasAny(body, 'labels') ? [of('instances.setLabels')] : []),
    ...(hasAny(body, 'metadata') ? [of('instances.setMetadata')] : []),
    ...(hasAny(body, 'tags') ? [of('instances.setTags')] : []),
    ...(recordsIn(body, 'serviceAccounts', 'resource').length > 0 ? [of('instances.setServiceAccount')] : []),
  ]
}

function subnetHost({ name }: Project, nic: Json): string {
  const link = textIn(nic, 'subnetwork', 'resource') ?? textIn(nic, 'network', 'resource') ?? ''
  const [projects, host = ''] = partsOf(link)
  return projects === 'projects' ? host : name
}

const hasAny = (body: Json, member: string): boolean => {
  const found = body[member]
  return isRecord(found) && Object.keys(found).length > 0
}

const firewall = (verb: string, of: Of): readonly Need[] => {
  if (verb === 'get' || verb === 'list') return [of(`firewalls.${verb}`)]
  const permission = verb === 'insert' ? 'create' : verb === 'patch' ? 'update' : verb
  return [of(`firewalls.${permission}`), of('networks.updatePolicy')]
}

function address({ project, scope, name, body }: Ask, verb: string, of: Of): readonly Need[] {
  if (verb === 'insert') {
    const isInternal = body['addressType'] === 'INTERNAL'
    return isInternal
      ? [of('addresses.createInternal'), of('subnetworks.use', subnetHost(project, body))]
      : [of('addresses.create')]
  }
  const isInternal = project.addresses.get(`${scope}/${name}`)?.kind === 'INTERNAL'
  return [of(verb === 'delete' && isInternal ? 'addresses.deleteInternal' : `addresses.${verb}`)]
}

/** Whoever puts an account on a machine must be allowed to act as it. */
function actAs({ method, by, body }: Ask): void {
  if (!['instances.insert', 'instances.bulkInsert', 'regionInstances.bulkInsert'].includes(method)) return
  const properties = method === 'instances.insert' ? body : recordIn(body, 'instanceProperties', 'resource')
  for (const each of recordsIn(properties, 'serviceAccounts', 'resource')) {
    const email = textIn(each, 'email', 'resource') ?? 'default'
    if (by.actsAs === 'all' || by.actsAs.has(email)) continue
    throw new GceFailure(
      403,
      'forbidden',
      `The user does not have access to service account '${email}'.  User: '${by.email}'.  Ask a project owner to grant you the iam.serviceAccountUser role on the service account`,
    )
  }
}
