import { isRecord } from '../../../src/lib/parse.ts'
import type { Asked } from '../clouds/script.ts'
import type { Ask } from './asks.ts'
import { GceFailure, invalid, notFound } from './failure.ts'
import { masked, maskOf } from './fields.ts'
import { settle } from './lives.ts'
import { type Method, methodAt } from './methods.ts'
import type { Model } from './model.ts'
import { pageNumber } from './pages.ts'
import { allowed } from './rights.ts'
import { bearerOf, exchange, generateAccessToken, issuerIn } from './tokens.ts'
import type { Json, Project, World } from './world.ts'

export interface Entry {
  /** `instances.insert`; `token` and `generateAccessToken` beside Compute's own; empty where nothing is known by that path. */
  readonly method: string
  readonly at: number
  readonly project: string
  /** E-mail of whose token it has, or of who asks for one. */
  readonly by: string
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  /** Values of metadata and of tokens left out: they hold keys. */
  readonly body: unknown
  /** Undefined until it is answered, and for ever where the answer is lost. */
  status?: number
  /** Why it was refused. */
  reason?: string
  /** Where the request and its answer differ from Google's own description. */
  differs?: readonly string[]
}
export type Ledger = Entry[]

/** A request as it came. */
export interface Heard {
  readonly verb: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

export interface Answer {
  readonly status: number
  readonly body: unknown
}

interface Surroundings {
  readonly world: World
  readonly ledger: Ledger
  readonly model: Model | undefined
}

const root = '/compute/v1/'
const impersonation = /^\/v1\/projects\/-\/serviceAccounts\/([^/:]+):generateAccessToken$/

/** Takes requests, writes them down and carries them out, as far as who asks may do that. */
export class Desk {
  readonly #around: Surroundings
  readonly #times = new Map<string, number>()

  constructor(around: Surroundings) {
    this.#around = around
  }

  note(heard: Heard): { readonly asked: Asked; readonly entry: Entry } {
    const { ledger, world } = this.#around
    const { method, params } = nameOf(heard)
    const nth = (this.#times.get(method) ?? 0) + 1
    this.#times.set(method, nth)
    const body = method === 'token' ? undefined : bodyIn(heard)
    const project = params.get('project') ?? ''
    const by = method === 'token' ? issuerIn(heard.text) : callerIn(world, heard)
    const query = heard.url.searchParams
    const entry: Entry = {
      method,
      at: world.now(),
      project,
      by,
      params: Object.fromEntries(params),
      query: Object.fromEntries(query),
      body: withoutSecrets(body),
    }
    ledger.push(entry)
    return { asked: { method, project, by, params, query, body, page: pageNumber(query), nth }, entry }
  }

  /** Throws a GceFailure for whatever is refused. */
  act(heard: Heard, entry: Entry): Answer {
    const { world } = this.#around
    if (entry.method === 'token') {
      const found = exchange(world, new URLSearchParams(heard.text))
      if (typeof found['error'] === 'string') entry.reason = found['error']
      return { status: 'error' in found ? 400 : 200, body: found }
    }
    const by = bearerOf(world, authorization(heard))
    const target = impersonation.exec(decodeURIComponent(heard.url.pathname))?.[1]
    if (target !== undefined) return { status: 200, body: generateAccessToken(world, by, target) }
    const found = methodAt(heard.verb, pathIn(heard))
    if (found === undefined) throw new GceFailure(404, 'notFound', 'Not Found')
    const ask = askFrom(heard, found, { world, by })
    if (world.rates === 'documented') ask.project.rates.take(entry.method, ask.project.number)
    settle(ask.project)
    allowed(ask)
    const whole = found.method.act(ask)
    entry.differs = this.#compare(heard, entry.method, whole)
    return { status: 200, body: this.#part(heard, whole) }
  }

  /** How long an operation that is waited on still runs. */
  remainingMs({ method, params }: Asked): number {
    const { world } = this.#around
    const name = params.get('operation') ?? ''
    const project = method.endsWith('Operations.wait')
      ? world.projects.get(params.get('project') ?? '')
      : undefined
    const operation = [...(project?.operations.values() ?? [])].find(each => each.name === name)
    return Math.max(0, (operation?.doneAt ?? 0) - world.now())
  }

  #compare(heard: Heard, method: string, answer: Json): readonly string[] {
    const { model } = this.#around
    if (model === undefined) return []
    const { verb, url } = heard
    const path = url.pathname.slice(root.length)
    const body = bodyIn(heard)
    return [
      ...model.request({ method, verb, path, query: url.searchParams, body }),
      ...model.answer(method, answer),
    ]
  }

  #part({ url, headers }: Heard, whole: Json): unknown {
    const header = headers['x-goog-fieldmask']
    const fields = url.searchParams.get('fields') ?? (typeof header === 'string' ? header : '')
    return fields === '' || fields === '*' ? whole : masked(whole, maskOf(fields))
  }
}

const pathIn = ({ url }: Heard): string =>
  url.pathname.startsWith(root) ? url.pathname.slice(root.length).replace(/\/$/, '') : ''

function nameOf(heard: Heard): { readonly method: string; readonly params: ReadonlyMap<string, string> } {
  const { pathname } = heard.url
  if (pathname === '/token') return { method: 'token', params: new Map() }
  const target = impersonation.exec(decodeURIComponent(pathname))?.[1]
  if (target !== undefined) return { method: 'generateAccessToken', params: new Map([['email', target]]) }
  const found = methodAt(heard.verb, pathIn(heard))
  return { method: found?.method.id ?? '', params: found?.params ?? new Map() }
}

interface Found {
  readonly method: Method
  readonly params: ReadonlyMap<string, string>
}

function askFrom(heard: Heard, { method, params }: Found, who: Pick<Ask, 'world' | 'by'>): Ask {
  const body = bodyIn(heard) ?? {}
  if (!isRecord(body)) throw invalid('Invalid JSON payload received.')
  const project = who.world.project(params.get('project') ?? '')
  const { scope, name } = isOfPlaces(method) ? placeIn(params) : thingIn(project, method, params)
  return { ...who, method: method.id, project, params, scope, name, query: heard.url.searchParams, body }
}

/** Zones and regions are things themselves, where for all others they are places. */
const isOfPlaces = ({ id }: Method): boolean => /^(zones|regions)\./.test(id)

const placeIn = (params: ReadonlyMap<string, string>) => ({
  scope: 'global',
  name: params.get('zone') ?? params.get('region') ?? '',
})

function thingIn(project: Project, { path }: Method, params: ReadonlyMap<string, string>) {
  const [zone, region] = [params.get('zone'), params.get('region')]
  if (zone !== undefined) refuseUnknown(project, 'zones', zone)
  if (region !== undefined) refuseUnknown(project, 'regions', region)
  const scope = zone !== undefined ? `zones/${zone}` : region !== undefined ? `regions/${region}` : 'global'
  const own = [...params].find(([name]) => !['project', 'zone', 'region'].includes(name))
  return { scope, name: path.includes('{family}') ? '' : (own?.[1] ?? '') }
}

function refuseUnknown(
  { catalog: { regions }, name }: Project,
  kind: 'zones' | 'regions',
  place: string,
): void {
  const known = kind === 'zones' ? [...regions.values()].flat() : [...regions.keys()]
  if (!known.includes(place)) throw notFound(`projects/${name}/${kind}/${place}`)
}

/** The SDK sends an empty text of JSON where a POST has no body. */
function bodyIn({ text }: Pick<Heard, 'text'>): unknown {
  if (text === '' || text === '""') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function authorization({ headers }: Heard): string | undefined {
  const found = headers['authorization']
  return Array.isArray(found) ? found[0] : found
}

/** E-mail of who asks; empty where nobody knows. */
function callerIn(world: World, heard: Heard): string {
  try {
    return bearerOf(world, authorization(heard)).email
  } catch {
    return ''
  }
}

/** Values of metadata hold keys. */
function withoutSecrets(raw: unknown): unknown {
  if (Array.isArray(raw)) return raw.map(withoutSecrets)
  if (!isRecord(raw)) return raw
  if ('key' in raw && 'value' in raw) return { key: raw['key'] }
  return Object.fromEntries(Object.entries(raw).map(([name, value]) => [name, withoutSecrets(value)]))
}
