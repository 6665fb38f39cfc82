import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isRecord, list, record, text } from '../../../src/lib/parse.ts'
import { cachedFolder } from '../cached-folder.ts'
import { step, tell } from '../python.ts'

const version = '2.202.0'
const document = 'googleapiclient/discovery_cache/documents/compute.v1.json'

type Schema = Readonly<Record<string, unknown>>

export interface Called {
  /** `instances.insert`. */
  readonly method: string
  readonly verb: string
  /** After `/compute/v1/`. */
  readonly path: string
  readonly query: URLSearchParams
  /** Undefined where there is none. */
  readonly body: unknown
}

/** What a request or an answer has that Google's own description does not have; none where all is well. */
export interface Model {
  request(called: Called): readonly string[]
  answer(method: string, body: unknown): readonly string[]
}

/** Compute Engine v1 as its discovery document describes it, installed once into the user's cache. */
export async function computeModel(): Promise<Model> {
  const folder = await cachedFolder(
    `google-api-python-client-${version}`,
    async (target, { signal }) => {
      tell(`installing google-api-python-client ${version}`)
      const pip = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', target]
      await step('python3', [...pip, `google-api-python-client==${version}`], { signal })
    },
    { signal: AbortSignal.timeout(600_000) },
  )
  const raw: unknown = JSON.parse(await readFile(join(folder, document), 'utf8'))
  return described(record(raw, 'discovery document'))
}

function described(raw: Schema): Model {
  const schemas = record(raw['schemas'], 'schemas')
  const common = Object.keys(record(raw['parameters'], 'parameters'))
  const lookup = (name: unknown): Schema => record(schemas[text(name, '$ref')], String(name))
  const methodOf = (id: string): Schema | undefined => {
    const [collection = '', name = ''] = id.split('.')
    const resources = record(raw['resources'], 'resources')
    const found = resources[collection]
    const method = isRecord(found) ? record(found['methods'], collection)[name] : undefined
    return isRecord(method) ? method : undefined
  }
  return {
    request(called) {
      const method = methodOf(called.method)
      if (method === undefined) return [`${called.method} is unknown`]
      return [
        ...routeOf(method, called),
        ...parametersOf(method, called, common),
        ...(isRecord(method['request'])
          ? differs(lookup, method['request'], called.body, called.method)
          : called.body === undefined || isEmpty(called.body)
            ? []
            : [`${called.method} has no body`]),
      ]
    },
    answer(id, body) {
      const response = methodOf(id)?.['response']
      return isRecord(response) ? differs(lookup, response, body, id) : [`${id} is unknown`]
    },
  }
}

const isEmpty = (body: unknown): boolean => isRecord(body) && Object.keys(body).length === 0

function routeOf(method: Schema, { method: id, verb, path }: Called): readonly string[] {
  const template = text(method['path'], id).replaceAll(/\{\w+\}/g, '[^/]+')
  const isSame = method['httpMethod'] === verb && new RegExp(`^${template}$`).test(path)
  return isSame ? [] : [`${id} is not at ${verb} ${path}`]
}

function parametersOf(
  method: Schema,
  { method: id, query }: Called,
  common: readonly string[],
): readonly string[] {
  const known = record(method['parameters'] ?? {}, id)
  return [...query].flatMap(([name, value]) => {
    const parameter = known[name]
    if (!isRecord(parameter) || parameter['location'] !== 'query')
      return common.includes(name) || name === '$alt' ? [] : [`${id}?${name} is unknown`]
    const { type, minimum, maximum } = parameter
    if (type === 'integer' && !within(value, minimum, maximum))
      return [`${id}?${name} is no such number: ${value}`]
    return type === 'boolean' && !/^(true|false)$/.test(value)
      ? [`${id}?${name} is no boolean: ${value}`]
      : []
  })
}

const within = (value: string, minimum: unknown, maximum: unknown): boolean =>
  /^-?\d+$/.test(value) &&
  Number(value) >= Number(minimum ?? -Infinity) &&
  Number(value) <= Number(maximum ?? Infinity)

type Lookup = (name: unknown) => Schema

function differs(lookup: Lookup, schema: Schema, found: unknown, path: string): readonly string[] {
  if (schema['$ref'] !== undefined) return differs(lookup, lookup(schema['$ref']), found, path)
  switch (schema['type']) {
    case 'object':
      return isRecord(found) ? members(lookup, schema, found, path) : [`${path} is no object`]
    case 'array':
      if (!Array.isArray(found)) return [`${path} is no list`]
      return found.flatMap(each => differs(lookup, record(schema['items'], path), each, `${path}[]`))
    default:
      return plain(schema, found, path)
  }
}

function members(lookup: Lookup, schema: Schema, found: Schema, path: string): readonly string[] {
  const properties = record(schema['properties'] ?? {}, path)
  const { additionalProperties } = schema
  return Object.entries(found).flatMap(([name, value]) => {
    const own = properties[name] ?? additionalProperties
    return isRecord(own) ? differs(lookup, own, value, `${path}.${name}`) : [`${path}.${name} is unknown`]
  })
}

function plain({ type, format, enum: words }: Schema, found: unknown, path: string): readonly string[] {
  const wanted = type === 'integer' ? 'number' : type
  if (wanted !== 'any' && typeof found !== wanted)
    return [`${path} is no ${String(type)}: ${JSON.stringify(found)}`]
  if (words !== undefined && !list(words, path).includes(found))
    return [`${path} is not one of its words: ${String(found)}`]
  const isLong = format === 'int64' || format === 'uint64'
  return isLong && !/^-?\d+$/.test(String(found)) ? [`${path} is no such number: ${String(found)}`] : []
}
