import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { type Change, type Changes, Sources } from '../../src/controller/sources.ts'
import type { ClusterKey } from '../../src/model/names.ts'

interface Wanted {
  readonly key: ClusterKey
  readonly priority?: string
}

const cluster = (name: string, status: unknown = { observedGeneration: 1 }, metadata: object = {}) => ({
  metadata: { namespace: 'team-a', name, uid: randomUUID(), generation: 1, ...metadata },
  status,
})

/** What a source of these changes puts into the queue. */
function followed(...changes: readonly Change[]): readonly Wanted[] {
  const wanted: Wanted[] = []
  const sources = new Sources({ add: (key, options) => void wanted.push({ key, ...options }) })
  const clusters: Changes<Change> = {
    onChange(tell) {
      for (const change of changes) tell(change)
      return { [Symbol.dispose]: () => undefined }
    },
  }
  const silent = { onChange: () => ({ [Symbol.dispose]: () => undefined }) }
  sources.follow({
    clusters: [clusters],
    secrets: silent,
    uidLabel: 'uid',
    schedulers: silent,
    ended: () => undefined,
  })
  return wanted
}

const initial = (object: unknown): Change => ({ type: 'added', object, initial: true, isInferred: false })

describe('the first list of a new leader', () => {
  test('brings clusters at rest after all others', () => {
    expect(followed(initial(cluster('x'))).map(({ priority }) => priority)).toEqual(['low'])
  })

  test.each([
    { given: 'never looked at', object: cluster('x', {}) },
    { given: 'whose spec changed', object: cluster('x', { observedGeneration: 1 }, { generation: 2 }) },
    {
      given: 'that is deleted',
      object: cluster('x', undefined, { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    },
    { given: 'with a launch under way', object: cluster('x', { observedGeneration: 1, launches: [{}] }) },
  ])('brings a cluster $given at once', ({ object }) => {
    expect(followed(initial(object))).toEqual([{ key: 'team-a/x', priority: 'normal' }])
  })
})

test('a change of a cluster brings it at once', () => {
  const wanted = followed({ type: 'modified', object: cluster('x'), initial: false, isInferred: false })
  expect(wanted).toEqual([{ key: 'team-a/x', priority: 'normal' }])
})
