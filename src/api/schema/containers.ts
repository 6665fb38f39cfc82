import * as parse from '../../lib/parse.ts'
import {
  type Infer,
  isAbsent,
  type OpenApi,
  type Optional,
  type Rule,
  type Schema,
  schema,
} from './schema.ts'

type Fields = Readonly<Record<string, Schema<unknown>>>
type OptionalKeys<F> = { [K in keyof F]: F[K] extends Optional<unknown> ? K : never }[keyof F]
export type Shape<F extends Fields> = { readonly [K in Exclude<keyof F, OptionalKeys<F>>]: Infer<F[K]> } & {
  readonly [K in OptionalKeys<F>]?: Infer<F[K]>
}

interface ObjectOf<F extends Fields> {
  readonly description: string
  readonly fields: F
  /** As it stands on the wire, before the defaults of its own fields. */
  readonly default?: unknown
  readonly rules?: readonly Rule<Shape<F>>[]
  /** What a newer version may have added: an error in what a user asks for, nothing in what we wrote ourselves. */
  readonly others: 'refused' | 'ignored'
}

export function object<const F extends Fields>(of: ObjectOf<F>): Schema<Shape<F>> {
  const fields = Object.entries(of.fields)
  const required = fields.filter(([, field]) => field.required).map(([name]) => name)
  return schema<Shape<F>>({
    openApi: {
      description: of.description,
      type: 'object',
      properties: openApiOf(of.fields),
      ...(required.length === 0 ? {} : { required }),
    },
    default: of.default,
    rules: of.rules ?? [],
    read(raw, path) {
      const found = parse.record(raw, path)
      if (of.others === 'refused') parse.noOthers(found, path, Object.keys(of.fields))
      const members = fields
        .filter(([name, field]) => !('isOptional' in field) || !isAbsent(found[name]))
        .map(([name, field]) => [name, field.read(found[name], `${path}.${name}`)])
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each member was read by the schema that gives it its type
      return Object.fromEntries(members) as Shape<F>
    },
    write: value => written(Object.entries(value), name => of.fields[name]),
  })
}

interface ListOf<T> {
  readonly description: string
  readonly items: Schema<T>
  readonly max: number
  /** The fields that tell items apart; without them the list has one owner and is replaced whole. */
  readonly keys?: readonly string[]
  readonly default?: readonly T[]
  readonly rules?: readonly Rule<readonly T[]>[]
}

export function list<T>(of: ListOf<T>): Schema<readonly T[]> {
  return schema<readonly T[]>({
    openApi: {
      description: of.description,
      type: 'array',
      maxItems: of.max,
      items: of.items.openApi,
      'x-kubernetes-list-type': of.keys === undefined ? 'atomic' : 'map',
      ...(of.keys === undefined ? {} : { 'x-kubernetes-list-map-keys': of.keys }),
    },
    default: of.default?.map(item => of.items.write(item)),
    rules: of.rules ?? [],
    read(raw, path) {
      const items = parse.list(raw, path)
      if (items.length > of.max) throw new parse.ParseError(path, `must have at most ${of.max} items`)
      return items.map((item, at) => of.items.read(item, `${path}[${at}]`))
    },
    write: items => items.map(item => of.items.write(item)),
  })
}

interface MapOf<T> {
  readonly description: string
  readonly values: Schema<T>
  readonly max: number
  readonly default?: Readonly<Record<string, T>>
  readonly rules?: readonly Rule<Readonly<Record<string, T>>>[]
}

export function map<T>(of: MapOf<T>): Schema<Readonly<Record<string, T>>> {
  return schema<Readonly<Record<string, T>>>({
    openApi: {
      description: of.description,
      type: 'object',
      maxProperties: of.max,
      additionalProperties: of.values.openApi,
    },
    default: of.default,
    rules: of.rules ?? [],
    read(raw, path) {
      const members = Object.entries(parse.record(raw, path))
      if (members.length > of.max) throw new parse.ParseError(path, `must have at most ${of.max} members`)
      return Object.fromEntries(
        members.map(([key, value]) => [key, of.values.read(value, `${path}.${key}`)] as const),
      )
    },
    write: value => written(Object.entries(value), () => of.values),
  })
}

/** The one member that was chosen, with settings that only its owner can read. */
export interface Chosen {
  readonly name: string
  readonly settings: unknown
}

/**
 * An object with exactly one member. Which one decides who reads its settings, so they are not read here, and a
 * member that only a newer version knows is chosen like any other: whoever reads it next says so.
 */
export function exactlyOne(of: {
  readonly description: string
  readonly members: Fields
  readonly rules: readonly Rule<Chosen>[]
  readonly message: string
}): Schema<Chosen> {
  const present = Object.keys(of.members).map(name => `has(self.${name})`)
  const one: Rule<Chosen> = {
    cel: `[${present.join(', ')}].exists_one(member, member)`,
    message: of.message,
  }
  return schema<Chosen>({
    openApi: { description: of.description, type: 'object', properties: openApiOf(of.members) },
    default: undefined,
    rules: [one, ...of.rules],
    read(raw, path) {
      const chosen = Object.entries(parse.record(raw, path)).filter(([, settings]) => !isAbsent(settings))
      const [only] = chosen
      if (only === undefined || chosen.length > 1) throw new parse.ParseError(path, of.message)
      return { name: only[0], settings: only[1] }
    },
    write: ({ name, settings }) => ({ [name]: settings }),
  })
}

const openApiOf = (fields: Fields): Readonly<Record<string, OpenApi>> =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.openApi] as const))

/** An object that is kept as it is, whatever is in it. */
export const anything = (of: { readonly description: string }): Schema<Readonly<Record<string, unknown>>> =>
  schema<Readonly<Record<string, unknown>>>({
    openApi: {
      description: of.description,
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
    },
    default: undefined,
    rules: [],
    read: parse.record,
    write: value => value,
  })

/** Members with a value, each written by its own schema. */
function written(
  members: readonly (readonly [string, unknown])[],
  schemaOf: (name: string) => Schema<unknown> | undefined,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    members
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, schemaOf(name)?.write(value)] as const),
  )
}
