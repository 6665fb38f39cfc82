import { randomUUID } from 'node:crypto'
import { isRecord } from '../../../src/lib/parse.ts'
import { imageBody, images, sizeBody, sizes } from './catalog.ts'
import { createDroplets, dropletBody, endDroplet } from './droplets.ts'
import { DoFailure, notFound, unprocessable } from './failure.ts'
import { firewallBody, takeFirewall } from './firewalls.ts'
import type { Team, Token } from './team.ts'

export interface Answer {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface Heard {
  readonly method: string
  readonly url: URL
  readonly body: Readonly<Record<string, unknown>>
}

interface Route {
  readonly operation: string
  readonly pattern: RegExp
  readonly method: string
  /** A token needs all of them. */
  readonly scopes: readonly string[]
  readonly act: (team: Team, heard: Heard, id: string) => Answer
}

const route = (
  operation: string,
  [method, pattern]: readonly [string, RegExp],
  scopes: readonly string[],
  carryOut: Route['act'],
): Route => ({ operation, method, pattern, scopes, act: carryOut })

/** What there is of the API, with the scopes that its reference names for each call. */
const routes: readonly Route[] = [
  route('account.get', ['GET', /^\/v2\/account$/], ['account:read'], team => ({
    status: 200,
    body: { account: accountBody(team) },
  })),
  route('droplets.list', ['GET', /^\/v2\/droplets$/], ['droplet:read'], (team, { url }) => {
    const tag = url.searchParams.get('tag_name')?.toLowerCase()
    const found = team.listed.filter(({ tags }) => tag === undefined || has(tags, tag))
    return page(
      'droplets',
      found.map(each => dropletBody(team, each)),
      url,
    )
  }),
  route('droplets.create', ['POST', /^\/v2\/droplets$/], ['droplet:create'], (team, { body }) => ({
    status: 202,
    body: createdBody(team, body),
  })),
  route('droplets.get', ['GET', /^\/v2\/droplets\/(\d+)$/], ['droplet:read'], (team, _heard, id) => {
    const found = team.there.find(each => String(each.id) === id)
    if (found === undefined) throw notFound()
    return { status: 200, body: { droplet: dropletBody(team, found) } }
  }),
  route('droplets.delete', ['DELETE', /^\/v2\/droplets\/(\d+)$/], ['droplet:delete'], (team, _heard, id) => {
    endDroplet(team, Number(id))
    return { status: 204, body: undefined }
  }),
  route('firewalls.list', ['GET', /^\/v2\/firewalls$/], ['firewall:read'], (team, { url }) =>
    page('firewalls', [...team.firewalls.values()].map(firewallBody), url),
  ),
  route('firewalls.create', ['POST', /^\/v2\/firewalls$/], ['firewall:create'], (team, { body }) => ({
    status: 202,
    body: { firewall: firewallBody(takeFirewall(team, body)) },
  })),
  route(
    'firewalls.update',
    ['PUT', /^\/v2\/firewalls\/([\w-]+)$/],
    ['firewall:update'],
    (team, { body }, id) => ({
      status: 200,
      body: { firewall: firewallBody(takeFirewall(team, body, id)) },
    }),
  ),
  route(
    'firewalls.delete',
    ['DELETE', /^\/v2\/firewalls\/([\w-]+)$/],
    ['firewall:delete'],
    (team, _heard, id) => {
      if (!team.firewalls.delete(id)) throw notFound()
      return { status: 204, body: undefined }
    },
  ),
  route('tags.list', ['GET', /^\/v2\/tags$/], ['tag:read'], (team, { url }) =>
    page(
      'tags',
      [...team.tags.values()].map(name => tagBody(team, name)),
      url,
    ),
  ),
  route('tags.create', ['POST', /^\/v2\/tags$/], ['tag:create'], (team, { body }) => {
    const name = typeof body['name'] === 'string' ? body['name'] : ''
    return { status: 201, body: { tag: tagBody(team, team.tagged(name)) } }
  }),
  route('tags.delete', ['DELETE', /^\/v2\/tags\/([^/]+)$/], ['tag:delete'], (team, _heard, id) => {
    const name = decodeURIComponent(id)
    if (!team.untag(name)) throw notFound()
    return { status: 204, body: undefined }
  }),
  route('sizes.list', ['GET', /^\/v2\/sizes$/], ['sizes:read'], (_team, { url }) =>
    page('sizes', sizes.map(sizeBody), url),
  ),
  route('images.get', ['GET', /^\/v2\/images\/([^/]+)$/], ['image:read'], (_team, _heard, id) => {
    const found = images.find(each => each.slug === id || String(each.id) === id)
    if (found === undefined) throw notFound()
    return { status: 200, body: { image: imageBody(found) } }
  }),
]

export const operationOf = ({ method, url }: Pick<Heard, 'method' | 'url'>): string =>
  routes.find(each => each.method === method && each.pattern.test(url.pathname))?.operation ?? 'unknown'

/** Does what is asked, for one token of the team. Throws a DoFailure where DigitalOcean refuses. */
export function act(team: Team, token: Token, heard: Heard): Answer {
  const found = routes.find(
    ({ method, pattern }) => method === heard.method && pattern.test(heard.url.pathname),
  )
  if (found === undefined) throw notFound()
  const asked = Array.isArray(heard.body['tags']) && heard.body['tags'].length > 0
  const scopes = [...found.scopes, ...(found.operation === 'droplets.create' && asked ? ['tag:create'] : [])]
  if (token.scopes !== undefined && !scopes.every(scope => token.scopes?.has(scope)))
    throw new DoFailure(403, 'forbidden', 'You are not authorized to perform this operation.')
  return found.act(team, heard, found.pattern.exec(heard.url.pathname)?.[1] ?? '')
}

const has = (tags: ReadonlySet<string>, tag: string): boolean =>
  [...tags].some(each => each.toLowerCase() === tag)

/** Counted anew with each request, 20 on a page unless it is said otherwise and 200 at most. */
function page(name: string, all: readonly object[], url: URL): Answer {
  const number = (key: string, usual: number): number => Number(url.searchParams.get(key) ?? usual)
  const [at, size] = [number('page', 1), number('per_page', 20)]
  if (!(at >= 1) || !(size >= 1) || size > 200) throw unprocessable('per_page must be between 1 and 200')
  const isLast = at * size >= all.length
  const next = `https://api.digitalocean.com${url.pathname}?page=${at + 1}`
  return {
    status: 200,
    body: {
      [name]: all.slice((at - 1) * size, at * size),
      links: isLast ? {} : { pages: { next } },
      meta: { total: all.length },
    },
  }
}

/** One by `name`, or some by `names`: told as it was asked. */
function createdBody(team: Team, body: Heard['body']): object {
  const { name } = body
  const made = createDroplets(team, name === undefined ? body : { ...body, names: [name] })
  const told = made.map(each => dropletBody(team, each))
  return { ...(name === undefined ? { droplets: told } : { droplet: told[0] }), links: { actions: [] } }
}

const accountBody = ({ uuid, limit }: Team): object => ({
  droplet_limit: limit,
  floating_ip_limit: 5,
  email: 'ops@example.com',
  name: 'ops',
  uuid: randomUUID(),
  email_verified: true,
  status: 'active',
  status_message: '',
  team: { uuid, name: 'Data' },
})

function tagBody(team: Team, name: string): object {
  const held = team.there.filter(({ tags }) => has(tags, name.toLowerCase())).length
  return {
    name,
    resources: {
      count: held,
      droplets: { count: held },
      volumes: { count: 0 },
      volume_snapshots: { count: 0 },
      databases: { count: 0 },
    },
  }
}

export const parsed = (text: string): Readonly<Record<string, unknown>> => {
  try {
    const found: unknown = JSON.parse(text)
    return isRecord(found) ? found : {}
  } catch {
    return {}
  }
}
