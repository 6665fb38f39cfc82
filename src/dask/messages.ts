import { decode, encode } from '@msgpack/msgpack'

import { isRecord } from '../lib/parse.ts'
import { frameMessage } from './frames.ts'
import { checkShape } from './msgpack-shape.ts'

/** A value that only Python's pickle could read; it stays where it is. */
export const opaque = Symbol('a pickled value')

/** A message as it goes over the wire; members that are undefined are left out. */
export const encodeMessage = (message: Readonly<Record<string, unknown>>): Buffer =>
  frameMessage(encode(message, { ignoreUndefined: true }))

/** The value of a message, of which only the first frame is read: the others hold what is `opaque`. Throws an Error. */
export function decodeMessage(frames: readonly Buffer[]): unknown {
  const first = frames[0]
  if (first === undefined) throw new Error('a message without a frame')
  checkShape(first)
  return revived(decode(first, { mapKeyConverter }))
}

/** Task keys are often tuples, and a JavaScript object has no such keys. */
const mapKeyConverter = (key: unknown): string | number =>
  typeof key === 'string' || typeof key === 'number' ? key : (JSON.stringify(key) ?? 'null')

/** Undoes Dask's own conventions, in place: sets, enumerations, and marks of what is in another frame. */
function revived(value: unknown): unknown {
  if (Array.isArray(value)) return revivedMembers(value)
  if (!isTable(value)) return value
  const members = value['as-list']
  if (Array.isArray(members) && '__Set__' in value) return new Set(revivedMembers(members))
  if ('__Enum__' in value) return value['name']
  if ('__Serialized__' in value || '__Pickled__' in value) return opaque
  for (const key of Object.keys(value)) {
    const member = value[key]
    if (typeof member === 'object') value[key] = revived(member)
  }
  return value
}

function revivedMembers(members: unknown[]): unknown[] {
  for (const [index, member] of members.entries()) members[index] = revived(member)
  return members
}

/** A map as it was decoded just now, which nobody else holds yet. */
const isTable = (value: unknown): value is Record<string, unknown> =>
  isRecord(value) && !(value instanceof Uint8Array)
