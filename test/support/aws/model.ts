import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { isRecord, list, record, text } from '../../../src/lib/parse.ts'
import { cachedFolder } from '../cached-folder.ts'
import { step, tell } from '../python.ts'
import { type Element, parsed } from './xml.ts'

const version = '1.44.8'

type Shape = Readonly<Record<string, unknown>>

/** What a request or an answer has that a service's own description does not have; none where all is well. */
export interface Description {
  request(action: string, params: ReadonlyMap<string, string>): readonly string[]
  answer(action: string, body: string): readonly string[]
}

/** EC2's own, and those of the services that are asked beside it. */
export interface Model extends Description {
  readonly sts: Description
  readonly ssm: Description
}

/** EC2 as botocore describes it, installed once into the user's cache. */
export async function ec2Model(): Promise<Model> {
  const folder = await cachedFolder(
    `botocore-${version}`,
    async (target, { signal }) => {
      tell(`installing botocore ${version}`)
      const pip = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', target]
      await step('python3', [...pip, `botocore==${version}`], { signal })
    },
    { signal: AbortSignal.timeout(600_000) },
  )
  const described = async (service: string, date: string, read: Reading): Promise<Description> =>
    description(await readFile(join(folder, 'botocore', 'data', service, date, 'service-2.json.gz')), read)
  return {
    ...(await described('ec2', '2016-11-15', (_, body) => parsed(body))),
    sts: await described('sts', '2011-06-15', resultIn),
    ssm: await described('ssm', '2014-11-06', (action, body) => fromJson(action, JSON.parse(body))),
  }
}

/** The part of an answer that is described. */
type Reading = (action: string, body: string) => Element

function resultIn(action: string, body: string): Element {
  const found = parsed(body).children.find(({ name }) => name === `${action}Result`)
  return found ?? { name: '', children: [{ name: 'no result', children: [], text: '' }], text: '' }
}

function fromJson(name: string, value: unknown): Element {
  if (!isRecord(value)) return { name, children: [], text: String(value) }
  return { name, children: Object.entries(value).map(([member, own]) => fromJson(member, own)), text: '' }
}

function description(packed: Buffer, read: Reading): Description {
  const raw: unknown = JSON.parse(gunzipSync(packed).toString())
  const { operations, shapes } = record(raw, 'model')
  const shapeOf = (name: unknown): Shape => record(record(shapes, 'shapes')[text(name, 'shape')], 'shape')
  const ends = (action: string, end: 'input' | 'output'): Shape => {
    const own = record(record(operations, 'operations')[action], action)[end]
    return own === undefined ? { type: 'structure', members: {} } : shapeOf(record(own, end)['shape'])
  }
  return {
    request: (action, params) => asked(shapeOf, ends(action, 'input'), withoutCommon(params), action),
    answer: (action, body) =>
      told(shapeOf, ends(action, 'output'), read(action, body), action).filter(
        each => !each.startsWith(`${action}.requestId `),
      ),
  }
}

const withoutCommon = (params: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
  new Map([...params].filter(([name]) => name !== 'Action' && name !== 'Version'))

type Lookup = (name: unknown) => Shape

/** Parameters by the first word of their names, under what is left of them. */
function parts(params: ReadonlyMap<string, string>): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const found = new Map<string, Map<string, string>>()
  for (const [name, value] of params) {
    const [first = '', ...rest] = name.split('.')
    const own = found.get(first) ?? new Map<string, string>()
    found.set(first, own.set(rest.join('.'), value))
  }
  return found
}

function asked(
  shapeOf: Lookup,
  shape: Shape,
  params: ReadonlyMap<string, string>,
  path: string,
): readonly string[] {
  if (shape['type'] === 'list') {
    const member = shapeOf(record(shape['member'], path)['shape'])
    return [...parts(params)].flatMap(([number, inner]) =>
      /^[1-9]\d*$/.test(number)
        ? asked(shapeOf, member, inner, `${path}.${number}`)
        : [`${path}.${number} is no member of a list`],
    )
  }
  if (shape['type'] !== 'structure') return plain(shape, params.get('') ?? '', path)
  const members = Object.entries(record(shape['members'], path)).map(([name, raw]) => {
    const { queryName, locationName, shape: of } = record(raw, name)
    return { name, called: text(queryName ?? upper(text(locationName ?? name, name)), name), of }
  })
  const found = parts(params)
  const required = list(shape['required'] ?? [], path)
  return [
    ...members.flatMap(({ name, called }) =>
      required.includes(name) && !found.has(called) ? [`${path}.${called} is missing`] : [],
    ),
    ...[...found].flatMap(([called, inner]) => {
      const member = members.find(each => each.called === called)
      return member === undefined
        ? [`${path}.${called} is unknown`]
        : asked(shapeOf, shapeOf(member.of), inner, `${path}.${called}`)
    }),
  ]
}

const upper = (word: string): string => word.slice(0, 1).toUpperCase() + word.slice(1)

function told(
  shapeOf: Lookup,
  shape: Shape,
  { children, text: own }: Element,
  path: string,
): readonly string[] {
  if (shape['type'] === 'list') {
    const { shape: of, locationName = 'member' } = record(shape['member'], path)
    return children.flatMap(child =>
      child.name === locationName
        ? told(shapeOf, shapeOf(of), child, `${path}.item`)
        : [`${path}.${child.name} is no member of a list`],
    )
  }
  if (shape['type'] !== 'structure') return plain(shape, own, path)
  const members = Object.entries(record(shape['members'], path)).map(([name, raw]) =>
    record({ name, ...record(raw, name) }, name),
  )
  return children.flatMap(child => {
    const member = members.find(each => (each['locationName'] ?? each['name']) === child.name)
    return member === undefined
      ? [`${path}.${child.name} is unknown`]
      : told(shapeOf, shapeOf(member['shape']), child, `${path}.${child.name}`)
  })
}

function plain({ type, enum: words, min, max }: Shape, value: string, path: string): readonly string[] {
  if (words !== undefined && !list(words, path).includes(value))
    return [`${path} is not one of its words: ${value}`]
  if (type === 'boolean') return /^(true|false)$/.test(value) ? [] : [`${path} is no boolean: ${value}`]
  if (type !== 'integer' && type !== 'long') return []
  const number = Number(value)
  const isWithin = number >= Number(min ?? -Infinity) && number <= Number(max ?? Infinity)
  return /^-?\d+$/.test(value) && isWithin ? [] : [`${path} is no such number: ${value}`]
}
