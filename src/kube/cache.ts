import { isRecord, ParseError, record, text } from '../lib/parse.ts'
import { compareVersions, isVersion } from './versions.ts'

export interface Change<T> {
  readonly type: 'added' | 'modified' | 'deleted'
  /** `namespace/name`, or the name alone where there is no namespace. */
  readonly key: string
  /** As it is now, or as it was last. */
  readonly object: T
  /** It was there before anybody looked. */
  readonly initial: boolean
  /** Nobody told of this end: a list does not show the object any more. */
  readonly isInferred: boolean
}

/** What can be told of any object. */
export interface Sighting {
  readonly key: string
  readonly uid: string
  readonly version: string
  /** Nothing holds it any more: it is gone as soon as this is written. */
  readonly isGoing: boolean
}

/** An object as it was seen; without `object`, it is there and cannot be understood. */
export type Seen<T> = Sighting & { readonly object?: T }

interface Entry<T> {
  readonly uid: string
  readonly version: string
  readonly object: T
  /** During which list it was offered; undefined where the API server told of it by itself. */
  readonly offeredIn: number | undefined
}

/** Throws a ParseError. */
export function sightingOf(raw: unknown): Sighting {
  const metadata = record(record(raw, 'object')['metadata'], 'metadata')
  const name = text(metadata['name'], 'metadata.name')
  const namespace = metadata['namespace']
  const version = text(metadata['resourceVersion'], 'metadata.resourceVersion')
  if (!isVersion(version)) throw new ParseError('metadata.resourceVersion', 'must be a decimal number')
  const finalizers = metadata['finalizers']
  const isHeld = Array.isArray(finalizers) && finalizers.length > 0
  return {
    key: typeof namespace === 'string' && namespace !== '' ? `${namespace}/${name}` : name,
    uid: text(metadata['uid'], 'metadata.uid'),
    version,
    isGoing: metadata['deletionTimestamp'] !== undefined && !isHeld,
  }
}

/** The version of any object or bookmark, understood or not. */
export function versionOf(raw: unknown): string | undefined {
  const metadata = isRecord(raw) ? raw['metadata'] : undefined
  const version = isRecord(metadata) ? metadata['resourceVersion'] : undefined
  return isVersion(version) ? version : undefined
}

/**
 * Objects as they were last seen, and what changed with each sight of them. An object of another UID is another object:
 * its appearance is one end and one beginning. What cannot be understood any more stays as it was last understood.
 */
export class Cache<T> {
  readonly #entries = new Map<string, Entry<T>>()
  /** Counts lists, begun ones included. */
  #lists = 0

  get(key: string): T | undefined {
    return this.#entries.get(key)?.object
  }

  list(): readonly T[] {
    return [...this.#entries.values()].map(({ object }) => object)
  }

  entries(): readonly (readonly [key: string, object: T])[] {
    return [...this.#entries].map(([key, { object }]) => [key, object])
  }

  /** What is offered from now on may be newer than the list that is under way. */
  beginList(): void {
    this.#lists++
  }

  /** Everything there is. Who is missing has gone. */
  replace(all: readonly Seen<T>[], initial: boolean): readonly Change<T>[] {
    const changes: Change<T>[] = []
    const present = new Set(all.map(({ key }) => key))
    for (const [key, entry] of this.#entries) {
      if (!present.has(key) && !this.#isNewerThanList(entry))
        changes.push({ ...this.#remove(key, entry.object), isInferred: true })
    }
    for (const seen of all) {
      const entry = this.#entries.get(seen.key)
      if (
        entry !== undefined &&
        this.#isNewerThanList(entry) &&
        compareVersions(seen.version, entry.version) < 0
      )
        continue
      if (entry?.uid === seen.uid && entry.version === seen.version) continue
      changes.push(...this.#put(seen, entry, { initial, offeredIn: undefined }))
    }
    return changes
  }

  /** One event of a watch. What is older than what is known is old news. */
  apply(type: 'ADDED' | 'MODIFIED' | 'DELETED', seen: Seen<T>): readonly Change<T>[] {
    const entry = this.#entries.get(seen.key)
    const isOlder = entry !== undefined && compareVersions(seen.version, entry.version) < 0
    if (type === 'DELETED') {
      if (entry === undefined || (isOlder && entry.uid !== seen.uid)) return []
      const told = this.#remove(seen.key, seen.object ?? entry.object)
      // The one that is told of came after the one that was known, whose end nobody told.
      return entry.uid === seen.uid ? [told] : [{ ...told, object: entry.object, isInferred: true }, told]
    }
    if (isOlder || entry?.version === seen.version) return []
    return this.#put(seen, entry, { initial: false, offeredIn: undefined })
  }

  /** The answer to a write of our own. `position` is the version up to which the API server has told everything. */
  offer(seen: Seen<T>, position: string | undefined): readonly Change<T>[] {
    const entry = this.#entries.get(seen.key)
    if (seen.isGoing) return []
    if (position !== undefined && compareVersions(seen.version, position) <= 0) return []
    if (entry !== undefined && compareVersions(seen.version, entry.version) <= 0) return []
    return this.#put(seen, entry, { initial: false, offeredIn: this.#lists })
  }

  #isNewerThanList(entry: Entry<T>): boolean {
    return entry.offeredIn === this.#lists
  }

  #put(
    { key, uid, version, object }: Seen<T>,
    entry: Entry<T> | undefined,
    { initial, offeredIn }: { readonly initial: boolean; readonly offeredIn: number | undefined },
  ): readonly Change<T>[] {
    const isOther = entry !== undefined && entry.uid !== uid
    const ended = isOther ? [{ ...this.#remove(key, entry.object), isInferred: true }] : []
    if (object === undefined) return ended
    this.#entries.set(key, { uid, version, object, offeredIn })
    const type = entry === undefined || isOther ? 'added' : 'modified'
    return [...ended, { type, key, object, initial, isInferred: false }]
  }

  #remove(key: string, object: T): Change<T> {
    this.#entries.delete(key)
    return { type: 'deleted', key, object, initial: false, isInferred: false }
  }
}
