import { ParseError } from '../../lib/parse.ts'

/** The part of OpenAPI v3 that a structural schema of Kubernetes is made of. */
export interface OpenApi {
  readonly description: string
  readonly type: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean'
  readonly format?: string
  readonly enum?: readonly string[]
  readonly default?: unknown
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly maxItems?: number
  readonly items?: OpenApi
  readonly maxProperties?: number
  readonly properties?: Readonly<Record<string, OpenApi>>
  readonly additionalProperties?: OpenApi
  readonly 'x-kubernetes-preserve-unknown-fields'?: true
  readonly required?: readonly string[]
  readonly 'x-kubernetes-list-type'?: 'map' | 'atomic'
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]
  readonly 'x-kubernetes-validations'?: readonly CelRule[]
}

export interface CelRule {
  readonly rule: string
  readonly message: string
}

/** One shape, written once: its TypeScript type, its OpenAPI text, its reader and its writer all come from here. */
export interface Schema<T> {
  readonly openApi: OpenApi
  readonly required: boolean
  /** From the wire. Throws a ParseError whose path begins with `path`. */
  read(raw: unknown, path: string): T
  /** To the wire: what `read` would read back as an equal value. */
  write(value: T): unknown
}

export type Infer<S> = S extends Schema<infer T> ? T : never

/** A field that may be left out: then it is not in the value either. */
export interface Optional<T> extends Schema<T> {
  readonly required: false
  readonly isOptional: true
}

/** A rule said twice, for the API server and for us, with one message: the API server keeps it at the door. */
export interface Rule<T> {
  readonly cel: string
  /** What to do about it, for the person whose input was refused. */
  readonly message: string
  /** Left out where the rule compares with the object as it was: only the API server knows that. */
  readonly holds?: (value: T) => boolean
}

export const optional = <T>(of: Schema<T>): Optional<T> => ({
  openApi: of.openApi,
  required: false,
  isOptional: true,
  read: (raw, path) => of.read(raw, path),
  write: value => of.write(value),
})

/**
 * A field whose default the operator fills in and the API server does not, so that what a user left out can still be told
 * from what they wrote: a class may fill it. `words`: the default, as its description says it.
 */
export function implied<T>(of: Schema<T>, words: string): Schema<T> {
  const { default: _default, ...openApi } = of.openApi
  const description = `${openApi.description} Default: ${words}, unless the class of the cluster says otherwise.`
  return { ...of, openApi: { ...openApi, description } }
}

/** Kubernetes takes null for absent wherever a field is not nullable, and none of ours is. */
export const isAbsent = (raw: unknown): raw is null | undefined => raw === undefined || raw === null

export interface Parts<T> {
  readonly openApi: OpenApi
  readonly default: unknown
  readonly rules: readonly Rule<T>[]
  readonly read: (raw: unknown, path: string) => T
  readonly write: (value: T) => unknown
}

/** Puts a schema together: the default stands in for what is absent, and the rules are asked last. */
export function schema<T>(parts: Parts<T>): Schema<T> {
  return {
    openApi: {
      ...parts.openApi,
      ...(parts.default === undefined ? {} : { default: parts.default }),
      ...(parts.rules.length === 0 ? {} : { 'x-kubernetes-validations': parts.rules.map(celOf) }),
    },
    required: parts.default === undefined,
    read(raw, path) {
      const value = parts.read(isAbsent(raw) ? parts.default : raw, path)
      const broken = parts.rules.find(rule => rule.holds !== undefined && !rule.holds(value))
      if (broken !== undefined) throw new ParseError(path, broken.message)
      return value
    },
    write: parts.write,
  }
}

/** A rule for texts. The pattern must mean the same in JavaScript and in RE2: no look-around, no back-reference. */
export const matching = (pattern: RegExp, message: string): Rule<string> => ({
  cel: `self.matches(${celText(pattern)})`,
  message,
  holds: value => pattern.test(value),
})

/** A rule for the keys of a map, which no OpenAPI keyword can check. */
export const keysMatching = (pattern: RegExp, message: string): Rule<Readonly<Record<string, unknown>>> => ({
  cel: `self.all(key, key.matches(${celText(pattern)}))`,
  message,
  holds: value => Object.keys(value).every(key => pattern.test(key)),
})

/** A pattern as a CEL literal: raw, so that backslashes stay what they are. */
export function celText({ source, flags }: RegExp): string {
  return `r'${flags.includes('i') ? '(?i)' : ''}${source}'`
}

const celOf = ({ cel, message }: Rule<never>): CelRule => ({ rule: cel, message })
