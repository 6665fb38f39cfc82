import { isRecord } from '../../../src/lib/parse.ts'
import { invalidField } from './failure.ts'
import type { Account, Json, Project, Scope, World } from './world.ts'

/** A request that is known and let in. */
export interface Ask {
  readonly method: string
  readonly world: World
  readonly project: Project
  readonly by: Account
  readonly params: ReadonlyMap<string, string>
  readonly scope: Scope
  /** Of the thing that it is about; empty where it is about none. */
  readonly name: string
  readonly query: URLSearchParams
  readonly body: Json
}

export type Act = (ask: Ask) => Json

/** A member of a body, read as what it must be; absent is undefined. */
export function textIn(body: Json, member: string, path: string): string | undefined {
  const found = body[member]
  if (found === undefined || typeof found === 'string') return found
  throw invalidField(`${path}.${member}`, found, 'It must be a string.')
}

export function flagIn(body: Json, member: string, path: string): boolean | undefined {
  const found = body[member]
  if (found === undefined || typeof found === 'boolean') return found
  throw invalidField(`${path}.${member}`, found, 'It must be a boolean.')
}

/** Long numbers come as text. */
export function numberIn(body: Json, member: string, path: string): number | undefined {
  const found = body[member]
  if (found === undefined) return undefined
  const number = typeof found === 'string' && /^\d+$/.test(found) ? Number(found) : found
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number
  throw invalidField(`${path}.${member}`, found, 'It must be a whole number.')
}

export function recordIn(body: Json, member: string, path: string): Json {
  const found = body[member] ?? {}
  if (isRecord(found)) return found
  throw invalidField(`${path}.${member}`, found, 'It must be an object.')
}

export function recordsIn(body: Json, member: string, path: string): readonly Json[] {
  return listIn(body, member, path).map((each, index) => {
    if (isRecord(each)) return each
    throw invalidField(`${path}.${member}[${index}]`, each, 'It must be an object.')
  })
}

export function textsIn(body: Json, member: string, path: string): readonly string[] {
  return listIn(body, member, path).map((each, index) => {
    if (typeof each === 'string') return each
    throw invalidField(`${path}.${member}[${index}]`, each, 'It must be a string.')
  })
}

function listIn(body: Json, member: string, path: string): readonly unknown[] {
  const found = body[member] ?? []
  if (Array.isArray(found)) return found
  throw invalidField(`${path}.${member}`, found, 'It must be a list.')
}

/** Refuses what this world would pass over in silence; the SDK sends empty maps of what nobody asked for. */
export function noOthers(body: Json, path: string, known: readonly string[]): void {
  const other = Object.keys(body).find(member => !known.includes(member) && !isEmpty(body[member]))
  if (other !== undefined)
    throw invalidField(`${path}.${other}`, body[other], 'The simulated Compute Engine does not know it.')
}

const isEmpty = (found: unknown): boolean =>
  typeof found === 'object' && found !== null && Object.keys(found).length === 0

const namePattern = /^[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$/

export function nameIn(body: Json, path: string): string {
  return aName(body['name'], `${path}.name`)
}

export function aName(found: unknown, path: string): string {
  if (typeof found === 'string' && namePattern.test(found)) return found
  throw invalidField(path, found, `Must be a match of regex '${namePattern.source}'`)
}

/** Labels in Google's narrow letters. */
export function labelsIn(body: Json, path: string): Readonly<Record<string, string>> {
  const entries = Object.entries(recordIn(body, 'labels', path))
  if (entries.length > 64) throw invalidField(`${path}.labels`, '', 'There may be at most 64 labels.')
  return Object.fromEntries(
    entries.map(([key, value]) => {
      if (!/^\p{Ll}[\p{Ll}0-9_-]{0,62}$/u.test(key))
        throw invalidField(`${path}.labels`, key, 'Not a valid key.')
      if (typeof value !== 'string' || !/^[\p{Ll}0-9_-]{0,63}$/u.test(value))
        throw invalidField(`${path}.labels.${key}`, value, 'Not a valid value.')
      return [key, value]
    }),
  )
}

export function descriptionIn(body: Json, path: string): string {
  const found = textIn(body, 'description', path) ?? ''
  if (found.length > 2_048) throw invalidField(`${path}.description`, found.slice(0, 20), 'It is too long.')
  return found
}
