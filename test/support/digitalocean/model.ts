import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { runInNewContext } from 'node:vm'
import { isRecord } from '../../../src/lib/parse.ts'
import { cachedFolder } from '../cached-folder.ts'

const run = promisify(execFile)

/** DigitalOcean's own client, which the operator does not use: what it knows of requests and answers is made from its specification. */
const described = '@digitalocean/dots@1.19.0'

/** By operation: what is sent, and under which word of an answer what comes back. */
const requests: Readonly<Record<string, string>> = {
  'droplets.create': 'Droplet_multi_create',
  'firewalls.create': 'Firewall',
  'firewalls.update': 'Firewall',
  'tags.create': 'Tags',
}
const answers: Readonly<Record<string, string>> = {
  account: 'Account',
  droplets: 'Droplet',
  firewall: 'Firewall',
  firewalls: 'Firewall',
  tag: 'Tags',
  tags: 'Tags',
  sizes: 'Size',
  image: 'Image',
}

/** What a request or an answer has that DigitalOcean does not describe; none where all is well. */
export interface DoModel {
  request(operation: string, body: Readonly<Record<string, unknown>>): readonly string[]
  answer(operation: string, body: unknown): readonly string[]
}

/** By the name of a shape: its members, and how each is read. */
type Shapes = ReadonlyMap<string, ReadonlyMap<string, string>>

const folderOf = (): Promise<string> =>
  cachedFolder(
    `digitalocean-${described.replaceAll(/[^\w.]+/g, '-')}`,
    async (target, { signal }) => {
      const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', target, described], {
        signal,
        cwd: target,
      })
      await run('tar', ['xzf', join(target, stdout.trim())], { signal, cwd: target })
    },
    { signal: AbortSignal.timeout(600_000) },
  )

export async function doModel(): Promise<DoModel> {
  const source = await readFile(join(await folderOf(), 'package/src/dots/models/index.js'), 'utf8')
  const shapes = shapesIn(source)
  return {
    request(operation, body) {
      const shape = requests[operation]
      return shape === undefined ? [] : unlike(shapes, shape, body, operation)
    },
    answer(operation, body) {
      if (!isRecord(body)) return []
      return Object.entries(body).flatMap(([word, value]) => {
        const shape = answers[word]
        const all: readonly unknown[] = Array.isArray(value) ? value : [value]
        return shape === undefined
          ? []
          : all.flatMap(each => unlike(shapes, shape, each, `${operation} answer`))
      })
    },
  }
}

/** The functions that read each shape name its members, one on a line. */
function shapesIn(source: string): Shapes {
  const shapes = new Map<string, ReadonlyMap<string, string>>()
  for (const [, name = '', body = ''] of source.matchAll(
    /export function deserializeInto(\w+)\([^)]*\) \{\s*return \{([\s\S]*?)\n {4}\}\n?;?\n?\}?/g,
  )) {
    const members = new Map<string, string>()
    for (const [, inner = ''] of body.matchAll(/\.\.\.deserializeInto(\w+)\(/g))
      members.set(`...${inner}`, inner)
    for (const [, key = '', how = ''] of body.matchAll(/"([\w$]+)": n => \{ (.*) \},?/g))
      members.set(key, how)
    shapes.set(name, members)
  }
  return shapes
}

function memberOf(shapes: Shapes, shape: string, key: string): string | undefined {
  const members = shapes.get(shape)
  if (members === undefined) throw new Error(`${described} describes no ${shape}`)
  const own = members.get(key)
  if (own !== undefined) return own
  for (const [name, inner] of members)
    if (name.startsWith('...')) {
      const found = memberOf(shapes, inner, key)
      if (found !== undefined) return found
    }
  return undefined
}

function unlike(shapes: Shapes, shape: string, value: unknown, path: string): readonly string[] {
  if (!isRecord(value)) return [`${path} is no ${shape}`]
  return Object.entries(value).flatMap(([key, inner]) => {
    const how = memberOf(shapes, shape, key)
    const at = `${path}.${key}`
    if (how === undefined) return [`${at} is not in ${shape}`]
    if (inner === null || inner === undefined) return []
    const [, many, next] =
      /get(CollectionOf)?Object(?:Value|Values)\(create(\w+)FromDiscriminatorValue/.exec(how) ?? []
    if (next === undefined) return isPlain(how, inner) ? [] : [`${at} is not what ${shape} has there`]
    if (many === undefined) return unlike(shapes, next, inner, at)
    return Array.isArray(inner)
      ? inner.flatMap((each, index) => unlike(shapes, next, each, `${at}[${index}]`))
      : [`${at} is no list`]
  })
}

function isPlain(how: string, value: unknown): boolean {
  if (how.includes('getCollectionOf')) return Array.isArray(value)
  return (
    (how.includes('getNumberValue') && typeof value === 'number') ||
    (how.includes('getBooleanValue') && typeof value === 'boolean') ||
    (/get(?:String|Date|Enum|Guid|DateOnly)Value/.test(how) && typeof value === 'string') ||
    !/get(?:Number|Boolean|String|Date|Enum)Value/.test(how)
  )
}

/** The answers that DigitalOcean's client is tested with, in its package, as they go over the wire: those with this word in them. */
export async function mockedAnswers(word: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const folder = join(await folderOf(), 'package/tests/mocked')
  const files = (await readdir(folder)).filter(name => name.endsWith('.js'))
  const texts = await Promise.all(files.map(name => readFile(join(folder, name), 'utf8')))
  return texts
    .flatMap(text =>
      [...text.matchAll(/const \w+ = (\{)/g)].map(({ index, 0: start }) =>
        literalIn(text, index + start.length - 1),
      ),
    )
    .flatMap(found => (isRecord(found) && found[word] !== undefined && isOfWire(found) ? [found] : []))
}

/** The client's own objects, which it makes of answers, have names with capital letters. */
const isOfWire = (found: object): boolean => !/"[a-z]+[A-Z]\w*":/.test(JSON.stringify(found))

/** An object as it is written at a place of a program, with its dates as they go over the wire. */
function literalIn(text: string, at: number): unknown {
  let depth = 0
  for (let end = at; end < text.length; end++) {
    if (text[end] === '{') depth += 1
    if (text[end] === '}') depth -= 1
    if (depth > 0) continue
    try {
      return JSON.parse(JSON.stringify(runInNewContext(`(${text.slice(at, end + 1)})`, { Date })))
    } catch {
      return undefined
    }
  }
  return undefined
}
