import type { Policy, Statement } from '../../../src/clouds/aws/policy.ts'
import { Ec2Failure } from './failure.ts'
import { Form } from './form.ts'
import { type Region, requestId, type Tags } from './world.ts'

/** What a policy is asked: one action on one resource, with what IAM knows of both. */
interface Question {
  readonly action: string
  readonly arn: string
  readonly facts: ReadonlyMap<string, string>
}

const kinds: Readonly<Record<string, string>> = {
  i: 'instance',
  eni: 'network-interface',
  sg: 'security-group',
  subnet: 'subnet',
  vpc: 'vpc',
  ami: 'image',
  eipalloc: 'elastic-ip',
}

/** What each action makes, whether it has an id yet or not. */
const makes: Readonly<Record<string, readonly string[]>> = {
  RunInstances: ['instance', 'volume'],
  CreateNetworkInterface: ['network-interface'],
  AllocateAddress: ['elastic-ip'],
  CreateSecurityGroup: ['security-group'],
}

/** Throws EC2's own failure where the policy does not allow all of a request: every resource it names, makes or tags. */
export function allowedBy(
  policy: Policy,
  action: string,
  params: ReadonlyMap<string, string>,
  region: Region,
): void {
  const refused = questions(action, params, region).find(
    question => !policy.Statement.some(each => allows(each, question)),
  )
  if (refused === undefined) return
  const words = `You are not authorized to perform this operation. ${refused.action} on ${refused.arn}. Encoded authorization failure message: ${requestId().repeat(4)}`
  throw new Ec2Failure('UnauthorizedOperation', words, 403)
}

function questions(action: string, params: ReadonlyMap<string, string>, region: Region): readonly Question[] {
  const asked = `ec2:${action}`
  if (action.startsWith('Describe')) return [{ action: asked, arn: '*', facts: new Map() }]
  const form = new Form(params)
  const tags = form.tags(['instance', 'volume', 'network-interface', 'security-group', 'elastic-ip'])
  const made = [...(makes[action] ?? []), ...ownInterface(action, params)].map(kind => ({
    arn: arnOf(region, kind, '*'),
    tags: tags(kind),
  }))
  const tagging = made
    .filter(each => each.tags.size > 0)
    .map(({ arn, tags: given }) => ({
      action: 'ec2:CreateTags',
      arn,
      facts: new Map([...facts('RequestTag', given), ['ec2:CreateAction', action] as const]),
    }))
  return [
    ...made.map(({ arn, tags: given }) => ({ action: asked, arn, facts: facts('RequestTag', given) })),
    ...tagging,
    ...named(action, params, region).map(question => ({ ...question, action: asked })),
  ]
}

const ownInterface = (action: string, params: ReadonlyMap<string, string>): readonly string[] =>
  action === 'RunInstances' && !params.has('NetworkInterface.1.NetworkInterfaceId')
    ? ['network-interface']
    : []

/** Whatever a request names by id, but for the sources of rules: those need no right. */
function named(action: string, params: ReadonlyMap<string, string>, region: Region) {
  const ids = [...params]
    .filter(([name]) => !/^(IpPermissions|TagSpecification|Filter|ClientToken)/.test(name))
    .map(([, value]) => addressOf(region, value) ?? value)
  const vpc = action === 'CreateSecurityGroup' && !params.has('VpcId') ? [region.vpc] : []
  return [...ids, ...vpc].flatMap(id => {
    const kind = /^[a-z]+-[0-9a-f]{8,17}$/.test(id) ? kinds[id.split('-')[0] ?? ''] : undefined
    if (kind === undefined) return []
    return [{ arn: arnOf(region, kind, id), facts: facts('ResourceTag', tagsOf(region, id)) }]
  })
}

/** An association is its address's. */
const addressOf = ({ addresses }: Region, id: string): string | undefined =>
  [...addresses.values()].find(({ association }) => association?.id === id)?.id

function tagsOf({ instances, interfaces, groups, addresses }: Region, id: string): Tags {
  const found = [instances, interfaces, groups, addresses].map(each => each.get(id)).find(Boolean)
  return found?.tags ?? new Map()
}

const facts = (of: string, tags: Tags): ReadonlyMap<string, string> =>
  new Map([...tags].map(([name, value]) => [`aws:${of}/${name}`, value]))

const arnOf = ({ name, account }: Region, kind: string, id: string): string =>
  `arn:aws:ec2:${name}:${kind === 'image' ? '' : account}:${kind}/${id}`

const allows = ({ Action, Resource, Condition = {} }: Statement, { action, arn, facts: known }: Question) =>
  Action.includes(action) &&
  Resource.some(pattern => fits(pattern, arn)) &&
  Object.entries(Condition).every(([operator, wishes]) =>
    Object.entries(wishes).every(([name, wanted]) => holds(operator, known.get(name), [wanted].flat())),
  )

/** Of IAM's operators those that the printed policy has: with any other nothing is allowed. */
function holds(operator: string, found: string | undefined, wanted: readonly string[]): boolean {
  if (found === undefined) return false
  if (operator === 'StringEquals') return wanted.includes(found)
  return operator === 'StringLike' && wanted.some(pattern => fits(pattern, found))
}

function fits(pattern: string, found: string): boolean {
  const text = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${text}$`, 's').test(found)
}
