import { expect, onTestFinished, test } from 'vitest'
import { type Problem, Reflector } from '../../src/kube/reflector.ts'
import { record, text } from '../../src/lib/parse.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { type Answer, type Asked, FakeApi, soon } from '../support/fake-api.ts'

const within = (ms = 10_000) => ({ signal: AbortSignal.timeout(ms) })

const thing = (name: string, uid: string, version: number, spec: unknown = { size: 'm' }) => ({
  metadata: { namespace: 'team-a', name, uid, resourceVersion: String(version) },
  spec,
})

const listOf = (version: number, ...items: readonly unknown[]): Answer => ({
  status: 200,
  body: { kind: 'ThingList', apiVersion: 'v1', metadata: { resourceVersion: String(version) }, items },
})

const event = (type: string, object: unknown) => ({ type, object })
const bookmark = (version: number) => event('BOOKMARK', { metadata: { resourceVersion: String(version) } })

async function reflected(lists: (asked: Asked) => Answer, { idleMs = 60_000, relistEveryMs = 30_000 } = {}) {
  const api = await new FakeApi().start()
  api.answer = asked => (asked.isWatch ? 'stream' : lists(asked))
  const kube = await api.connect()
  const metrics = createMetrics()
  const problems: Problem[] = []
  const reflector = new Reflector({
    kube,
    collection: { path: '/apis/v1/things' },
    resource: 'things',
    parse: raw => {
      const { metadata, spec } = record(raw, 'thing')
      const { uid, resourceVersion } = record(metadata, 'metadata')
      return `${text(uid, 'uid')}@${text(resourceVersion, 'version')} ${text(record(spec, 'spec')['size'], 'spec.size')}`
    },
    onProblem: problem => problems.push(problem),
    metrics,
    idleMs,
    relistEveryMs,
    random: () => 0.5,
  })
  const changes: string[] = []
  reflector.onChange(({ type, key, object, initial }) =>
    changes.push(`${type} ${key} ${object}${initial ? ' initially' : ''}`),
  )
  onTestFinished(async () => {
    await reflector[Symbol.asyncDispose]()
    await kube[Symbol.asyncDispose]()
    await api[Symbol.asyncDispose]()
  })
  return { api, reflector, changes, problems, metrics }
}

test('it lists, watches from there, and tells of every change', async () => {
  const { api, reflector, changes } = await reflected(() => listOf(10, thing('a', 'u1', 5)))
  await reflector.synced(within())
  await soon(() => api.openStreams || undefined)
  expect(api.watches()[0]?.query.get('resourceVersion')).toBe('10')
  expect(api.watches()[0]?.query.get('allowWatchBookmarks')).toBe('true')
  expect(api.watches()[0]?.query.get('timeoutSeconds')).toBe('450')
  api.send(event('ADDED', thing('b', 'u2', 11)))
  api.send(event('MODIFIED', thing('a', 'u1', 12)))
  api.send(event('DELETED', thing('b', 'u2', 13)))
  await reflector.caughtUp('13', within())
  expect(changes).toEqual([
    'added team-a/a u1@5 m initially',
    'added team-a/b u2@11 m',
    'modified team-a/a u1@12 m',
    'deleted team-a/b u2@13 m',
  ])
  expect(reflector.get('team-a/a')).toBe('u1@12 m')
  expect(reflector.list()).toEqual(['u1@12 m'])
})

test('whoever asks for changes later hears of what is there first', async () => {
  const { reflector } = await reflected(() => listOf(10, thing('a', 'u1', 5)))
  await reflector.synced(within())
  const heard: string[] = []
  using _ = reflector.onChange(({ type, key, initial }) => heard.push(`${type} ${key} ${initial}`))
  expect(heard).toEqual(['added team-a/a true'])
})

test('all pages of a list are one list, and one that expires halfway is begun anew', async () => {
  let expired = 0
  const { api, reflector } = await reflected(({ query }) => {
    const at = query.get('continue')
    if (at === 'two' && expired++ === 0) return { status: 410, body: { reason: 'Expired' } }
    const page = at === null ? thing('a', 'u1', 5) : thing('b', 'u2', 6)
    const metadata = { resourceVersion: '10', ...(at === null ? { continue: 'two' } : {}) }
    return { status: 200, body: { metadata, items: [page] } }
  })
  await reflector.synced(within())
  expect(reflector.list()).toEqual(['u1@5 m', 'u2@6 m'])
  expect(api.lists().map(({ query }) => query.get('continue'))).toEqual([null, 'two', null, 'two'])
})

test('after 410 it lists anew, and sees both the end and the new beginning of a name', async () => {
  const lists = [listOf(10, thing('a', 'u1', 5)), listOf(50, thing('a', 'u2', 40))]
  const { api, reflector, changes } = await reflected(() => lists.shift() ?? 'hang-up')
  await soon(() => api.openStreams || undefined)
  api.send(event('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' }))
  await reflector.caughtUp('50', within())
  expect(changes.slice(1)).toEqual(['deleted team-a/a u1@5 m', 'added team-a/a u2@40 m'])
})

test('a frame that nobody can read leaves the stream alive and is counted', async () => {
  const { api, reflector, metrics, problems } = await reflected(() => listOf(10, thing('a', 'u1', 5)))
  await soon(() => api.openStreams || undefined)
  api.send('{"type":"ADDED","object":{"metadata":')
  api.send(event('ADDED', thing('huge', 'u8', 11, { size: 'x'.repeat(5_000_000) })))
  api.send(event('RENAMED', thing('odd', 'u9', 11)))
  api.send(event('MODIFIED', thing('a', 'u1', 12, { size: 7 })))
  api.send(event('ADDED', thing('b', 'u2', 13)))
  await reflector.caughtUp('13', within())
  expect(reflector.list()).toEqual(['u1@5 m', 'u2@13 m'])
  expect(api.watches()).toHaveLength(1)
  const counted = (await metrics.read()).match(/frames_dropped_total\{.*/g)
  expect(counted?.map(line => line.replace(/.*because="(.*)"\} /, '$1 '))).toEqual([
    'broken 1',
    'oversized 1',
    'unknown 1',
    'unparsable 1',
  ])
  expect(problems.map(({ kind, key }) => `${kind} ${key}`)).toEqual(['object team-a/a'])
})

test('what a watch missed is made up for by a list, and lists keep their distance', async () => {
  const lists = [listOf(10, thing('a', 'u1', 5)), listOf(20, thing('a', 'u1', 15))]
  const { api, reflector, changes } = await reflected(() => lists.shift() ?? 'hang-up', {
    relistEveryMs: 600,
  })
  await soon(() => api.openStreams || undefined)
  const listed = reflector.lastHeard()
  for (let at = 0; at < 5; at++) api.send('{broken')
  await reflector.caughtUp('20', within())
  expect(changes.slice(1)).toEqual(['modified team-a/a u1@15 m'])
  expect(performance.now() - listed).toBeGreaterThanOrEqual(590)
  expect(api.lists()).toHaveLength(2)
})

test('a watch that falls silent is begun anew where it was, without a list', async () => {
  const { api, reflector } = await reflected(() => listOf(10), { idleMs: 300 })
  await soon(() => api.openStreams || undefined)
  api.send(bookmark(22))
  await soon(() => api.watches()[1])
  expect(api.watches()[1]?.query.get('resourceVersion')).toBe('22')
  expect(api.lists()).toHaveLength(1)
  expect(reflector.isSynced).toBe(true)
})

test('after a line that was cut off it goes on before that line, without a list', async () => {
  const { api, reflector } = await reflected(() => listOf(10))
  await soon(() => api.openStreams || undefined)
  api.send(event('ADDED', thing('a', 'u1', 11)))
  await reflector.caughtUp('11', within())
  const { answer } = api
  api.answer = asked => (asked.isWatch ? { status: 200, body: '{"type":"MODIFIED","obj' } : answer(asked))
  api.endStreams()
  await soon(() => api.watches()[1])
  api.answer = answer
  await soon(() => api.watches()[2])
  expect(api.watches().map(({ query }) => query.get('resourceVersion'))).toEqual(['10', '11', '11'])
  expect(api.lists()).toHaveLength(1)
})

test('a server that answers every watch with nonsense is asked with growing patience', async () => {
  const { api, reflector } = await reflected(() => listOf(10))
  const { answer } = api
  api.answer = asked =>
    asked.isWatch ? { status: 200, body: '<html>\nBad gateway\n</html>\n' } : answer(asked)
  await reflector.synced(within())
  api.endStreams()
  const began = performance.now()
  await soon(() => api.watches()[2])
  expect(performance.now() - began).toBeGreaterThan(640 + 1_280)
  expect(api.lists()).toHaveLength(1)
})

test('errors of all kinds are waited out, and the API server is not stormed', async () => {
  const troubles: Answer[] = [{ status: 500 }, 'hang-up', { status: 403 }]
  const { reflector, problems } = await reflected(() => troubles.shift() ?? listOf(10, thing('a', 'u1', 5)))
  await reflector.synced(within(20_000))
  expect(reflector.list()).toEqual(['u1@5 m'])
  expect(problems.length).toBeGreaterThan(0)
  expect(problems.every(({ kind }) => kind === 'stream')).toBe(true)
})

test('a write of our own can be read at once', async () => {
  const { api, reflector, changes } = await reflected(() => listOf(10, thing('a', 'u1', 5)))
  await soon(() => api.openStreams || undefined)
  reflector.offer(thing('a', 'u1', 11))
  expect(reflector.get('team-a/a')).toBe('u1@11 m')
  api.send(event('MODIFIED', thing('a', 'u1', 11)))
  api.send(bookmark(12))
  await reflector.caughtUp('12', within())
  expect(changes.slice(1)).toEqual(['modified team-a/a u1@11 m'])
})

test('who waits for a version is told when it does not come, and when the reflector ends', async () => {
  const { reflector } = await reflected(() => listOf(10))
  await reflector.synced(within())
  await expect(reflector.caughtUp('99', within(50))).rejects.toThrow(/timeout/)
  const waiting = reflector.caughtUp('99', within()).catch(String)
  await reflector[Symbol.asyncDispose]()
  expect(await waiting).toContain('closed')
})

test('a handler that fails harms nobody', async () => {
  const { api, reflector, changes, problems } = await reflected(() => listOf(10))
  reflector.onChange(() => {
    throw new Error('broken')
  })
  await soon(() => api.openStreams || undefined)
  api.send(event('ADDED', thing('b', 'u2', 11)))
  api.send(event('ADDED', thing('c', 'u3', 12)))
  await reflector.caughtUp('12', within())
  expect(changes).toHaveLength(2)
  expect(problems.map(({ kind }) => kind)).toEqual(['handler', 'handler'])
})

test('it tells when it last heard, and apart from that when it last tried', async () => {
  const { api, reflector, problems } = await reflected(() => listOf(10), { idleMs: 300 })
  await soon(() => api.openStreams || undefined)
  api.answer = () => ({ status: 500 })
  api.endStreams()
  // Until the first failure, the beginning of the watch may still be on its way.
  await soon(() => problems.length || undefined)
  const heard = reflector.lastHeard()
  await soon(() => (reflector.lastTurned() > heard + 1_500 ? true : undefined))
  expect(reflector.lastHeard()).toBe(heard)
})
