import { describe, expect, test } from 'vitest'
import { Cache, type Seen, sightingOf } from '../../src/kube/cache.ts'

interface Thing {
  readonly uid: string
  readonly version: string
}

const thing = (key: string, uid: string, version: number): Seen<Thing> => ({
  key,
  uid,
  version: String(version),
  isGoing: false,
  object: { uid, version: String(version) },
})

const unclear = (key: string, uid: string, version: number): Seen<Thing> => {
  const { object: _, ...rest } = thing(key, uid, version)
  return rest
}

function cacheOf(...things: readonly Seen<Thing>[]): Cache<Thing> {
  const cache = new Cache<Thing>()
  cache.beginList()
  cache.replace(things, true)
  return cache
}

const told = (changes: readonly { type: string; key: string; object: Thing }[]): readonly string[] =>
  changes.map(({ type, key, object }) => `${type} ${key} ${object.uid}@${object.version}`)

describe('a list', () => {
  test('tells what is new, what changed and what is gone', () => {
    const cache = cacheOf(thing('a', 'u1', 1), thing('b', 'u2', 2), thing('c', 'u3', 3))
    cache.beginList()
    const changes = cache.replace([thing('a', 'u1', 1), thing('b', 'u2', 9), thing('d', 'u4', 8)], false)
    expect(told(changes)).toEqual(['deleted c u3@3', 'modified b u2@9', 'added d u4@8'])
  })

  test('shows an object of an old name as one end and one beginning', () => {
    const cache = cacheOf(thing('a', 'u1', 1))
    cache.beginList()
    expect(told(cache.replace([thing('a', 'u2', 5)], false))).toEqual(['deleted a u1@1', 'added a u2@5'])
  })

  test('does not take back what was written while it was made', () => {
    const cache = cacheOf(thing('a', 'u1', 1))
    cache.beginList()
    cache.offer(thing('a', 'u1', 7), '1')
    cache.offer(thing('b', 'u2', 8), '1')
    expect(cache.replace([thing('a', 'u1', 1)], false)).toEqual([])
    expect(cache.get('a')?.version).toBe('7')
    expect(cache.get('b')?.version).toBe('8')
  })

  test('takes back what was written before it began, as after a restored backup', () => {
    const cache = cacheOf(thing('a', 'u1', 1))
    cache.offer(thing('a', 'u1', 7), '1')
    cache.beginList()
    expect(told(cache.replace([thing('a', 'u1', 2)], false))).toEqual(['modified a u1@2'])
  })

  test('with something nobody understands keeps what was understood, unless it is another object', () => {
    const cache = cacheOf(thing('a', 'u1', 1), thing('b', 'u2', 1))
    cache.beginList()
    expect(told(cache.replace([unclear('a', 'u1', 5), unclear('b', 'u9', 5)], false))).toEqual([
      'deleted b u2@1',
    ])
    expect(cache.get('a')?.version).toBe('1')
  })
})

describe('an event', () => {
  test('older than what is known is no news', () => {
    const cache = cacheOf(thing('a', 'u1', 5))
    expect(cache.apply('MODIFIED', thing('a', 'u1', 5))).toEqual([])
    expect(cache.apply('MODIFIED', thing('a', 'u1', 4))).toEqual([])
    expect(cache.apply('MODIFIED', thing('a', 'u0', 3))).toEqual([])
    expect(cache.get('a')?.version).toBe('5')
  })

  test('of another UID ends the object there was', () => {
    const cache = cacheOf(thing('a', 'u1', 5))
    expect(told(cache.apply('MODIFIED', thing('a', 'u2', 6)))).toEqual(['deleted a u1@5', 'added a u2@6'])
  })

  test('of an end ends what was offered at that very version', () => {
    const cache = cacheOf(thing('a', 'u1', 5))
    cache.offer(thing('a', 'u1', 6), '5')
    expect(told(cache.apply('DELETED', thing('a', 'u1', 6)))).toEqual(['deleted a u1@6'])
    expect(cache.list()).toEqual([])
  })

  test("of a predecessor's end leaves its successor alone", () => {
    const cache = cacheOf(thing('a', 'u1', 5))
    cache.offer(thing('a', 'u2', 9), '5')
    expect(cache.apply('DELETED', thing('a', 'u1', 7))).toEqual([])
    expect(cache.get('a')?.uid).toBe('u2')
  })

  test('of an end that nobody understands is an end', () => {
    const cache = cacheOf(thing('a', 'u1', 5))
    expect(told(cache.apply('DELETED', unclear('a', 'u1', 6)))).toEqual(['deleted a u1@5'])
  })
})

describe('an offer', () => {
  test('is read at once, and its event is no news', () => {
    const cache = cacheOf(thing('a', 'u1', 5))
    expect(told(cache.offer(thing('a', 'u1', 6), '5'))).toEqual(['modified a u1@6'])
    expect(cache.apply('MODIFIED', thing('a', 'u1', 6))).toEqual([])
  })

  test('that comes too late raises nobody from the dead', () => {
    const cache = cacheOf(thing('a', 'u1', 5))
    cache.apply('DELETED', thing('a', 'u1', 8))
    expect(cache.offer(thing('a', 'u1', 7), '8')).toEqual([])
    expect(cache.list()).toEqual([])
  })

  test('of an object that nothing holds any more is not taken', () => {
    const cache = cacheOf(thing('a', 'u1', 5))
    expect(cache.offer({ ...thing('a', 'u1', 6), isGoing: true }, '5')).toEqual([])
  })
})

test('an object is told by its metadata alone', () => {
  const metadata = { namespace: 'n', name: 'a', uid: 'u', resourceVersion: '12' }
  expect(sightingOf({ metadata })).toEqual({ key: 'n/a', uid: 'u', version: '12', isGoing: false })
  const leaving = { ...metadata, deletionTimestamp: '2026-01-01T00:00:00Z' }
  expect(sightingOf({ metadata: leaving }).isGoing).toBe(true)
  expect(sightingOf({ metadata: { ...leaving, finalizers: ['x/y'] } }).isGoing).toBe(false)
  expect(() => sightingOf({ metadata: { ...metadata, resourceVersion: 'x' } })).toThrow(/decimal/)
})
