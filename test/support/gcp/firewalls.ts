import { isIP } from 'node:net'
import { type Act, descriptionIn, nameIn, noOthers, numberIn, recordsIn, textIn, textsIn } from './asks.ts'
import { alreadyExists, GceFailure, invalidField, notFound, notReady } from './failure.ts'
import { networkAt } from './networks.ts'
import { once, operationJson, start } from './operations.ts'
import { roomFor } from './quotas.ts'
import { born, type Firewall, type Json, linkTo, type Project, pathOf } from './world.ts'

const scope = 'global'

export const insertFirewall: Act = ask => {
  const { project, query, body, by } = ask
  const operation = once(project, { id: query.get('requestId'), asked: [ask.method, body] }, () => {
    const name = nameIn(body, 'resource')
    if (project.firewalls.has(`${scope}/${name}`))
      throw alreadyExists(pathOf(project, 'firewalls', { scope, name }))
    const rule = ruleFrom(project, body)
    if (roomFor(project, '', 'FIREWALLS') < 1)
      throw new GceFailure(403, 'quotaExceeded', "Quota 'FIREWALLS' exceeded.  Limit: 0 globally.")
    const thing = born(project, scope, name)
    const firewall = { ...thing, rule, readyAt: thing.at + 2 * project.world.tempo.operationMs }
    project.firewalls.set(`${scope}/${name}`, firewall)
    return start(project, { scope, type: 'insert', user: by.email, target: ['firewalls', firewall] })
  })
  return operationJson(project, operation)
}

/** What is not named stays as it is. */
export const patchFirewall: Act = ask => change(ask, 'patch', rule => ({ ...rule, ...ask.body }))

export const updateFirewall: Act = ask => change(ask, 'update', () => ask.body)

export const deleteFirewall: Act = ask => {
  const { project, name, query, by } = ask
  const operation = once(project, { id: query.get('requestId'), asked: [ask.method, name] }, () => {
    const firewall = readyOne(project, name)
    project.firewalls.delete(`${scope}/${name}`)
    return start(project, { scope, type: 'delete', user: by.email, target: ['firewalls', firewall] })
  })
  return operationJson(project, operation)
}

function change(ask: Parameters<Act>[0], type: string, changed: (rule: Json) => Json): Json {
  const { project, name, query, body, by } = ask
  const operation = once(project, { id: query.get('requestId'), asked: [ask.method, name, body] }, () => {
    const firewall = readyOne(project, name)
    const { name: _, ...rule } = changed({ ...firewall.rule, name })
    firewall.rule = ruleFrom(project, { ...rule, name })
    return start(project, { scope, type, user: by.email, target: ['firewalls', firewall] })
  })
  return operationJson(project, operation)
}

function readyOne(project: Project, name: string): Firewall {
  const firewall = project.firewalls.get(`${scope}/${name}`)
  const path = pathOf(project, 'firewalls', { scope, name })
  if (firewall === undefined) throw notFound(path)
  if (project.world.now() < firewall.readyAt) throw notReady(path)
  return firewall
}

const lists = [
  'sourceRanges',
  'sourceTags',
  'targetTags',
  'sourceServiceAccounts',
  'targetServiceAccounts',
] as const
const members = [
  'name',
  'description',
  'network',
  'direction',
  'priority',
  'allowed',
  'disabled',
  'logConfig',
  'kind',
  'id',
  'creationTimestamp',
  'selfLink',
  ...lists,
]

/** A rule as it is kept. */
function ruleFrom(project: Project, body: Json): Json {
  noOthers(body, 'resource', members)
  const { home, network } = networkAt(
    project,
    textIn(body, 'network', 'resource') ?? 'global/networks/default',
    'resource.network',
  )
  if (home !== project)
    throw invalidField(
      'resource.network',
      body['network'],
      'The firewall must be in the project of its network.',
    )
  const given = Object.fromEntries(lists.map(each => [each, textsIn(body, each, 'resource')]))
  refuseMixed(given)
  const hasSource = lists.some(each => each.startsWith('source') && given[each]?.length !== 0)
  return {
    description: descriptionIn(body, 'resource'),
    network: linkTo(pathOf(project, 'networks', network)),
    direction: textIn(body, 'direction', 'resource') ?? 'INGRESS',
    priority: numberIn(body, 'priority', 'resource') ?? 1_000,
    allowed: recordsIn(body, 'allowed', 'resource').map(allowed),
    disabled: body['disabled'] ?? false,
    logConfig: body['logConfig'] ?? { enable: false },
    ...Object.fromEntries(Object.entries(given).filter(([, words]) => words.length > 0)),
    ...(hasSource ? {} : { sourceRanges: ['0.0.0.0/0'] }),
  }
}

function refuseMixed(given: Readonly<Record<string, readonly string[]>>): void {
  const ranges = given['sourceRanges'] ?? []
  for (const [index, range] of ranges.entries())
    if (familyOf(range) === 0)
      throw invalidField(`resource.sourceRanges[${index}]`, range, 'Must be a valid CIDR address range.')
  if (ranges.length > 5_000) throw invalidField('resource.sourceRanges', ranges.length, 'There are too many.')
  if (new Set(ranges.map(familyOf)).size > 1)
    throw invalidField('resource.sourceRanges', ranges.join(), 'IPv4 and IPv6 ranges cannot be in one rule.')
  const byTag = [...(given['sourceTags'] ?? []), ...(given['targetTags'] ?? [])]
  const byAccount = [...(given['sourceServiceAccounts'] ?? []), ...(given['targetServiceAccounts'] ?? [])]
  if (byTag.length > 0 && byAccount.length > 0)
    throw invalidField('resource', '', 'Tags and service accounts cannot be in one rule.')
}

function familyOf(range: string): number {
  const [ip = '', bits] = range.split('/')
  const family = isIP(ip)
  if (bits === undefined) return family
  return /^\d+$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128) ? family : 0
}

function allowed(each: Json, index: number): Json {
  const path = `resource.allowed[${index}]`
  const protocol = textIn(each, 'IPProtocol', path)
  if (protocol === undefined) throw invalidField(`${path}.IPProtocol`, '', 'It must be given.')
  const ports = textsIn(each, 'ports', path)
  const wrong = ports.find(port => !/^\d{1,5}(-\d{1,5})?$/.test(port))
  if (wrong !== undefined) throw invalidField(`${path}.ports`, wrong, 'Must be a port or a range of ports.')
  return { IPProtocol: protocol.toLowerCase(), ...(ports.length > 0 ? { ports } : {}) }
}
