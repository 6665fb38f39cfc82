import { expect, test } from 'vitest'
import { finalizer } from '../../src/api/names.ts'
import { type ClusterStore, Resources } from '../../src/app/resources.ts'
import { Understanding } from '../../src/app/understanding.ts'
import { isRecord } from '../../src/lib/parse.ts'
import { clusterKey } from '../../src/model/names.ts'
import type { Seen, Sighting } from '../../src/reconcile/ports.ts'

const call = { signal: new AbortController().signal }
const key = clusterKey('team-a', 'demo')

const anObject = (resourceVersion: number, finalizers: readonly string[], isDeleting: boolean) => ({
  metadata: {
    namespace: 'team-a',
    name: 'demo',
    uid: '00000000-0000-4000-8000-00000000000a',
    generation: 1,
    resourceVersion: String(resourceVersion),
    creationTimestamp: '2026-01-01T00:00:00Z',
    finalizers,
    ...(isDeleting ? { deletionTimestamp: '2026-01-01T00:01:00Z' } : {}),
  },
  spec: { cloud: { simulated: {} } },
})

const versionIn = (object: unknown): number =>
  isRecord(object) && isRecord(object['metadata']) ? Number(object['metadata']['resourceVersion']) : 0

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** An API server whose watch tells nothing any more: the cache keeps what it had. */
function aSilentWatch(before: object) {
  const server: { object: unknown } = { object: before }
  const store: Writable<ClusterStore> = {
    cached: () => before,
    live: async () => server.object,
    offer: () => undefined,
    isNewer: (one, other) => versionIn(one) > versionIn(other),
    patchStatus: async () => server.object,
    patchMetadata: async () => {
      const last = anObject(9, [], true)
      server.object = undefined
      return last
    },
    remove: async () => undefined,
    judge: () => 'unclear',
  }
  const resources = new Resources(
    store,
    new Understanding((_name, settings) => ({ settings, intent: () => ({}) })),
  )
  return { server, store, resources }
}

function seenIn(sighting: Sighting): Seen {
  if (sighting.kind !== 'seen') throw new Error(`nothing was seen: ${sighting.kind}`)
  return sighting.seen
}

test('row 10: who has seen a newer state is not shown an older one, however late the watch is', async () => {
  const { server, resources } = aSilentWatch(anObject(1, [finalizer], false))
  const first = seenIn(await resources.sighting(key, call))
  expect(first.cluster.phase).toBe('wanted')
  server.object = anObject(5, [finalizer], true)
  await expect(resources.confirm(first, call)).rejects.toThrow('changed')
  const phases = [await resources.sighting(key, call), await resources.sighting(key, call)]
  expect(phases.map(each => seenIn(each).cluster.phase)).toEqual(['deleting', 'deleting'])
})

test('row 9: a cluster that was let go does not come back while the watch still shows it', async () => {
  const { server, resources } = aSilentWatch(anObject(1, [finalizer], false))
  server.object = anObject(5, [finalizer], true)
  await resources.confirm(seenIn(await resources.sighting(key, call)), call).catch(() => undefined)
  await resources.release(seenIn(await resources.sighting(key, call)), call)
  expect((await resources.sighting(key, call)).kind).toBe('absent')
  resources.forget(key)
  expect((await resources.sighting(key, call)).kind).toBe('absent')
})

test('row 9: a new cluster of an old name that the watch brings while the old one is looked for is seen', async () => {
  const old = anObject(1, [], true)
  const { server, store, resources } = aSilentWatch(old)
  const fresh = anObject(12, [], false)
  store.patchStatus = () => Promise.reject(new Error('no answer'))
  await expect(resources.stampLedger(seenIn(await resources.sighting(key, call)), 0, call)).rejects.toThrow(
    'did not say',
  )
  server.object = undefined
  store.live = async () => {
    store.cached = () => fresh
    return undefined
  }
  expect((await resources.sighting(key, call)).kind).toBe('absent')
  expect(seenIn(await resources.sighting(key, call)).resourceVersion).toBe('12')
})
