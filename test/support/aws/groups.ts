import { Ec2Failure, invalidValue } from './failure.ts'
import { filtered } from './filters.ts'
import type { Form } from './form.ts'
import { tagSet } from './looking.ts'
import { pageOf } from './pages.ts'
import { born, type Group, type Region, type Rule, shown } from './world.ts'
import type { Members, Xml } from './xml.ts'

export function createSecurityGroup(region: Region, form: Form): Members {
  const name = form.text('GroupName')
  const description = form.text('GroupDescription')
  const vpc = form.maybe('VpcId') ?? region.vpc
  const tags = form.tags(['security-group'])('security-group')
  if (vpc !== region.vpc) throw new Ec2Failure('InvalidVpcID.NotFound', `The vpc ID '${vpc}' does not exist`)
  if ([...region.groups.values()].some(each => each.name === name))
    throw new Ec2Failure(
      'InvalidGroup.Duplicate',
      `The security group '${name}' already exists for VPC '${vpc}'`,
    )
  const group = { ...born(region, 'sg', tags), name, description, vpc, ingress: [] }
  region.groups.set(group.id, group)
  return { groupId: group.id, tagSet: tagSet(tags) }
}

export function describeSecurityGroups(region: Region, form: Form): Members {
  const ids = form.texts('GroupId')
  const all = shown(region, region.groups).filter(({ id }) => ids.length === 0 || ids.includes(id))
  const found = filtered<Group>(all, form.filters(), {
    'group-id': ({ id }) => [id],
    'group-name': ({ name }) => [name],
    'vpc-id': ({ vpc }) => [vpc],
  })
  const { items, nextToken } = pageOf(found, form, { least: 5, most: 1_000, ids: 'GroupId' })
  return { securityGroupInfo: items.map(each => groupXml(region, each)), nextToken }
}

const groupXml = ({ account }: Region, { id, name, description, vpc, tags, ingress }: Group): Xml => ({
  ownerId: account,
  groupId: id,
  groupName: name,
  groupDescription: description,
  vpcId: vpc,
  ipPermissions: ingress.map(rule => ruleXml(account, rule)),
  tagSet: tagSet(tags),
})

const ruleXml = (account: string, { protocol, from, to, kind, source }: Rule): Xml => ({
  ipProtocol: protocol,
  fromPort: from,
  toPort: to,
  groups: kind === 'group' ? [{ userId: account, groupId: source }] : [],
  ipRanges: kind === 'ipv4' ? [{ cidrIp: source }] : [],
  ipv6Ranges: kind === 'ipv6' ? [{ cidrIpv6: source }] : [],
  prefixListIds: kind === 'list' ? [{ prefixListId: source }] : [],
})

const groupOf = ({ groups }: Region, id: string): Group => {
  const group = groups.get(id)
  if (group !== undefined) return group
  throw new Ec2Failure('InvalidGroup.NotFound', `The security group '${id}' does not exist`)
}

/** All rules or none. */
export function authorizeIngress(region: Region, form: Form): Members {
  const group = groupOf(region, form.text('GroupId'))
  const rules = form.children('IpPermissions').flatMap(each => rulesOf(region, each))
  const twice = rules.find(rule => group.ingress.some(each => isSame(each, rule)))
  if (twice !== undefined)
    throw new Ec2Failure('InvalidPermission.Duplicate', `the specified rule "${twice.source}" already exists`)
  if (group.ingress.length + rules.length > 60)
    throw new Ec2Failure('RulesPerSecurityGroupLimitExceeded', 'The maximum number of rules has been reached')
  group.ingress = [...group.ingress, ...rules]
  return { return: true }
}

export function revokeIngress(region: Region, form: Form): Members {
  const group = groupOf(region, form.text('GroupId'))
  const rules = form.children('IpPermissions').flatMap(each => rulesOf(region, each))
  group.ingress = group.ingress.filter(each => !rules.some(rule => isSame(each, rule)))
  return { return: true }
}

export function deleteSecurityGroup(region: Region, form: Form): Members {
  const { id } = groupOf(region, form.text('GroupId'))
  const isNamed = [...region.groups.values()].some(
    each => each.id !== id && each.ingress.some(({ source }) => source === id),
  )
  const isWorn = [...region.interfaces.values()].some(({ groups }) => groups.includes(id))
  if (isNamed || isWorn) throw new Ec2Failure('DependencyViolation', `resource ${id} has a dependent object`)
  region.groups.delete(id)
  return { return: true, groupId: id }
}

const isSame = (a: Rule, b: Rule): boolean =>
  a.protocol === b.protocol && a.from === b.from && a.to === b.to && a.source === b.source

function rulesOf(region: Region, form: Form): readonly Rule[] {
  const protocol = form.text('IpProtocol')
  const [from, to] = [form.integer('FromPort'), form.integer('ToPort')]
  const sources = (['group', 'ipv4', 'ipv6', 'list'] as const).flatMap(kind => {
    const [list, member] = places[kind]
    return form.children(list).map(each => {
      const source = each.text(member)
      for (const word of beside[kind]) each.maybe(word)
      return { protocol, from, to, kind, source }
    })
  })
  for (const { kind, source } of sources) if (kind === 'group') groupOf(region, source)
  if (sources.length === 0) throw invalidValue('A rule needs a source')
  return sources
}

const places = {
  group: ['Groups', 'GroupId'],
  ipv4: ['IpRanges', 'CidrIp'],
  ipv6: ['Ipv6Ranges', 'CidrIpv6'],
  list: ['PrefixListIds', 'PrefixListId'],
} as const
/** What an answer of a list may carry back into a request. */
const beside = { group: ['UserId'], ipv4: [], ipv6: [], list: [] } as const
