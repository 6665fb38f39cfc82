import { describe, expect, test } from 'vitest'
import { annotations } from '../../src/api/names.ts'
import { parseResource } from '../../src/api/resource.ts'
import { requestMark, writeSleep } from '../../src/api/sleep.ts'
import type { Cluster } from '../../src/model/cluster.ts'
import { merged } from '../support/specs.ts'

const bare = {
  metadata: {
    namespace: 'team-a',
    name: 'demo',
    uid: '00000000-0000-4000-8000-00000000000a',
    generation: 3,
    resourceVersion: '7',
    creationTimestamp: '2026-01-01T00:00:00Z',
  },
  spec: { cloud: { simulated: {} } },
}

function clusterIn(patch: object): Cluster {
  const parsed = parseResource(merged(bare, patch), (_name, settings) => ({ settings, intent: () => ({}) }))
  if (parsed.kind !== 'valid') throw new Error(JSON.stringify(parsed))
  return parsed.resource.cluster
}

const since = Date.UTC(2026, 0, 2)
const asleep = { status: { sleep: writeSleep(since, { generation: 3, resume: '' }) } }
const noted = (value: string) => ({ metadata: { annotations: { [annotations.resume]: value } } })
const wokenBy = (...patches: readonly object[]) =>
  patches.reduce<object>((all, patch) => Object(merged(all, patch)), asleep)

describe('a cluster sleeps', () => {
  test('for as long as it is asked for as it was then', () => {
    expect(clusterIn(asleep)).toMatchObject({ phase: 'suspended', sleep: { kind: 'asleep', since } })
  })

  test('with an annotation that was there before', () => {
    const sleep = writeSleep(since, { generation: 3, resume: requestMark('one') })
    expect(clusterIn({ ...noted('one'), status: { sleep } }).phase).toBe('suspended')
    expect(clusterIn({ ...noted('two'), status: { sleep } }).phase).toBe('wanted')
  })
})

describe('it wakes', () => {
  test.each([
    { given: 'when its spec is changed', patch: wokenBy({ metadata: { generation: 4 } }) },
    { given: 'by the annotation', patch: wokenBy(noted('now')) },
    { given: 'by one as long as Kubernetes takes', patch: wokenBy(noted('x'.repeat(200_000))) },
    { given: 'when nobody can read why it slept', patch: { status: { sleep: { since: 'yesterday' } } } },
  ])('$given', ({ patch }) => {
    expect(clusterIn(patch)).toMatchObject({ phase: 'wanted', sleep: { kind: 'woken' } })
  })

  test('when its status is lost', () => {
    expect(clusterIn({})).toMatchObject({ phase: 'wanted', sleep: { kind: 'awake' } })
  })
})

test('a deleted cluster does not sleep', () => {
  expect(clusterIn(wokenBy({ metadata: { deletionTimestamp: '2026-01-02T00:00:00Z' } })).phase).toBe(
    'deleting',
  )
})

test('what stands for an annotation fits into status', () => {
  expect(requestMark('x'.repeat(200_000))).toHaveLength(16)
  expect([requestMark(undefined), requestMark('')]).toEqual(['', ''])
})

describe('a lifetime', () => {
  test('is read in milliseconds, and has no limit unless it says so', () => {
    const { lifetime } = clusterIn({ spec: { lifetime: { idleTimeout: '20m', ttl: '1h30m' } } })
    expect(lifetime).toEqual({ idleTimeoutMs: 1_200_000, ttlMs: 5_400_000 })
    expect(clusterIn({}).lifetime).toEqual({ idleTimeoutMs: Infinity, ttlMs: Infinity })
    expect(clusterIn({ spec: { lifetime: {} } }).lifetime).toEqual({
      idleTimeoutMs: Infinity,
      ttlMs: Infinity,
    })
  })

  test('is no part of what machines are launched for', () => {
    const [before, after] = [clusterIn({}), clusterIn({ spec: { lifetime: { ttl: '8h' } } })]
    expect([after.scheduler, after.groups]).toEqual([before.scheduler, before.groups])
  })

  test('is counted from the creation that the API server tells', () => {
    expect(clusterIn({}).createdAt).toBe(Date.UTC(2026, 0, 1))
  })
})
