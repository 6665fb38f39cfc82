import { randomUUID } from 'node:crypto'
import { isRecord } from '../../../src/lib/parse.ts'
import { DoFailure, notFound, unprocessable, word } from './failure.ts'
import type { Firewall, Rule, Team } from './team.ts'

type Body = Readonly<Record<string, unknown>>

const listIn = (value: unknown): readonly Body[] => (Array.isArray(value) ? value.filter(isRecord) : [])
const words = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : [])

/** Makes one, or puts another in the place of one. */
export function takeFirewall(team: Team, body: Body, id?: string): Firewall {
  const before = id === undefined ? undefined : team.firewalls.get(id)
  if (id !== undefined && before === undefined) throw notFound()
  const name = word(body['name'])
  if (!/^[a-zA-Z0-9][a-zA-Z0-9.-]{0,254}$/.test(name)) throw unprocessable('firewall must have a valid name')
  if ([...team.firewalls.values()].some(each => each.name === name && each.id !== id))
    throw new DoFailure(409, 'conflict', 'duplicate name')
  const inbound = listIn(body['inbound_rules']).map(rule => ruleIn(team, rule, 'sources'))
  const outbound = listIn(body['outbound_rules']).map(rule => ruleIn(team, rule, 'destinations'))
  if (inbound.length + outbound.length === 0) throw unprocessable('firewall must have at least one rule')
  if (inbound.length + outbound.length > 50) throw unprocessable('firewall has too many rules')
  const tags = words(body['tags']).map(tag => known(team, tag))
  if (tags.length > 5) throw unprocessable('firewall has too many tags')
  const made: Firewall = {
    id: before?.id ?? randomUUID(),
    name,
    inbound,
    outbound,
    tags,
    dropletIds: words(body['droplet_ids']).map(Number),
    createdAt: before?.createdAt ?? team.now(),
  }
  team.firewalls.set(made.id, made)
  return made
}

/** Tags are to be there before. */
function known(team: Team, tag: string): string {
  const found = team.tags.get(tag.toLowerCase())
  if (found === undefined) throw unprocessable(`tag ${tag} does not exist`)
  return found
}

function ruleIn(team: Team, rule: Body, ends: 'sources' | 'destinations'): Rule {
  const [protocol, ports] = [word(rule['protocol']), word(rule['ports'])]
  if (!['tcp', 'udp', 'icmp'].includes(protocol)) throw unprocessable('unsupported protocol')
  if (protocol !== 'icmp' && !/^[1-9]\d*(?:-[1-9]\d*)?$/.test(ports))
    throw unprocessable('ports are not valid')
  const given = rule[ends]
  const told = isRecord(given) ? given : {}
  const addresses = words(told['addresses'])
  const tags = words(told['tags']).map(tag => known(team, tag))
  if (addresses.length + tags.length === 0) throw unprocessable(`${ends} must not be empty`)
  return { protocol, ports: protocol === 'icmp' || ports === '1-65535' ? '0' : ports, addresses, tags }
}

/** Members of a rule's ends that are empty are not told. */
export const firewallBody = ({
  id,
  name,
  inbound,
  outbound,
  tags,
  dropletIds,
  createdAt,
}: Firewall): object => ({
  id,
  name,
  status: 'succeeded',
  inbound_rules: inbound.map(rule => told(rule, 'sources')),
  outbound_rules: outbound.map(rule => told(rule, 'destinations')),
  created_at: new Date(createdAt).toISOString().replace(/\.\d+Z$/, 'Z'),
  droplet_ids: dropletIds,
  tags,
  pending_changes: [],
})

const told = ({ protocol, ports, addresses, tags }: Rule, ends: string): object => ({
  protocol,
  ports,
  [ends]: { ...(addresses.length > 0 && { addresses }), ...(tags.length > 0 && { tags }) },
})
