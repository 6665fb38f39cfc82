import { expect, onTestFinished, test } from 'vitest'
import { EventCorrelation, type Told, usualLimits } from '../../src/kube/event-correlation.ts'
import { type EventReport, Events } from '../../src/kube/events.ts'
import { KubeError, noAnswer } from '../../src/kube/fault.ts'
import type { KubeRequest } from '../../src/kube/transport.ts'
import { record } from '../../src/lib/parse.ts'
import { poll } from '../../src/lib/wait.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'

const minute = 60_000
const told = (of: Partial<Told> = {}): Told => ({
  about: 'demo',
  kind: 'Warning',
  reason: 'NoCapacity',
  action: 'Launch',
  message: 'none left',
  ...of,
})

/** `key` numbered in the order of appearance, so that equal numbers are one event. */
function correlate(tellings: readonly (Partial<Told> & { readonly at: number })[]): readonly string[] {
  const correlation = new EventCorrelation()
  const keys: string[] = []
  return tellings.map(({ at, ...of }) => {
    const result = correlation.take(told(of), at)
    if (result.kind === 'flood') return 'flood'
    if (!keys.includes(result.key)) keys.push(result.key)
    return `event ${keys.indexOf(result.key)} ×${result.count}${result.message.startsWith('(combined') ? ' combined' : ''}`
  })
}

test('the same told again is one event with a count', () => {
  expect(correlate([{ at: 0 }, { at: 1 }, { at: 2, reason: 'Quota' }, { at: 3 }])).toEqual([
    'event 0 ×1',
    'event 0 ×2',
    'event 1 ×1',
    'event 0 ×3',
  ])
})

test('ten similar ones in ten minutes become one', () => {
  const many = Array.from({ length: 12 }, (_, at) => ({ at, message: `none left for ${at}` }))
  const results = correlate(many)
  expect(results.slice(0, 9)).toEqual(many.slice(0, 9).map(({ at }) => `event ${at} ×1`))
  expect(results.slice(9)).toEqual(['event 9 ×1 combined', 'event 9 ×2 combined', 'event 9 ×3 combined'])
})

test('ten minutes after the last of them they are new again', () => {
  const many = Array.from({ length: 11 }, (_, at) => ({ at, message: `none left for ${at}` }))
  expect(correlate([...many, { at: 11 * minute, message: 'later' }]).at(-1)).toBe('event 10 ×1')
})

test('an object may have 25 events at once and one in five minutes, and others are not held up by it', () => {
  const flood = Array.from({ length: 30 }, (_, at) => ({ at, reason: `Reason${at}` }))
  const results = correlate([
    ...flood,
    { at: 31, about: 'other' },
    { at: 5 * minute + 30 },
    { at: 5 * minute + 40 },
  ])
  expect(results.slice(0, 30).filter(result => result === 'flood')).toHaveLength(5)
  expect(results.slice(30).map(result => result === 'flood')).toEqual([false, false, true])
})

test('only what was told last is remembered', () => {
  const correlation = new EventCorrelation({ ...usualLimits, memory: 2 })
  const count = (about: string): number | 'flood' => {
    const result = correlation.take(told({ about }), 0)
    return result.kind === 'write' ? result.count : 'flood'
  }
  expect(['a', 'a', 'b', 'c', 'a'].map(count)).toEqual([1, 2, 1, 1, 1])
})

const demo = { apiVersion: 'v1', kind: 'Demo', namespace: 'team-a', name: 'demo', uid: 'u1' }
const report = (message: string): EventReport => ({ kind: 'Normal', reason: 'Launched', message })

/** An API server that keeps events, and fails as often as it is told to. */
class Store {
  readonly events = new Map<string, Readonly<Record<string, unknown>>>()
  readonly failures: KubeError[] = []
  isSilent = false

  async request({ method, path, body }: KubeRequest, { signal }: { signal: AbortSignal }): Promise<unknown> {
    if (this.isSilent) {
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(noAnswer('Stopped', 'stopped')))
      })
    }
    const failure = this.failures.shift()
    if (failure !== undefined) throw failure
    const sent = record(body, 'body')
    const name =
      method === 'POST'
        ? String(record(sent['metadata'], 'metadata')['name'])
        : (path.split('/').at(-1) ?? '')
    const before = this.events.get(name)
    if (method === 'PATCH' && before === undefined)
      throw new KubeError({ status: 404, reason: 'NotFound' }, 'gone')
    this.events.set(name, { ...before, ...sent })
    return sent
  }

  notes(): readonly unknown[] {
    return [...this.events.values()].map(({ note }) => note)
  }
}

const until = (isMet: () => boolean): Promise<true> =>
  poll(() => isMet() || undefined, 5, { signal: AbortSignal.timeout(5_000) })

function eventsTo(store: Store) {
  const metrics = createMetrics()
  const clock = { now: () => performance.now(), wait: () => Promise.resolve() }
  const events = new Events({
    kube: store,
    controller: 'cloud.dask.org/operator',
    instance: 'one',
    metrics,
    clock,
  })
  onTestFinished(() => events[Symbol.asyncDispose]())
  return {
    events,
    dropped: async () => (await metrics.read()).match(/events_dropped_total\{.*/g) ?? [],
  }
}

test('an event is written once and counted from then on', async () => {
  const store = new Store()
  const { events } = eventsTo(store)
  events.report(demo, report('4 workers'))
  await until(() => store.events.size === 1)
  events.report(demo, report('4 workers'))
  events.report(demo, report('4 workers'))
  await until(() => [...store.events.values()].some(({ series }) => series !== undefined))
  const [event] = store.events.values()
  expect(store.events.size).toBe(1)
  expect(event).toMatchObject({ note: '4 workers', type: 'Normal', series: { count: 3 }, regarding: demo })
})

test('an event that the API server forgot is written anew', async () => {
  const store = new Store()
  const { events } = eventsTo(store)
  events.report(demo, report('4 workers'))
  await until(() => store.events.size === 1)
  store.events.clear()
  events.report(demo, report('4 workers'))
  await until(() => store.events.size === 1)
  expect([...store.events.values()][0]).toMatchObject({ note: '4 workers', series: { count: 2 } })
})

test('an error passes, a refusal does not, and neither reaches the teller', async () => {
  const store = new Store()
  store.failures.push(
    noAnswer('Unreachable', 'down'),
    new KubeError({ status: 500, reason: 'InternalError' }, 'no'),
    new KubeError({ status: 403, reason: 'Forbidden' }, 'the namespace is being terminated'),
  )
  const { events, dropped } = eventsTo(store)
  events.report(demo, report('refused'))
  events.report({ ...demo, uid: 'u2' }, report('kept'))
  await until(() => store.events.size === 1)
  expect(store.notes()).toEqual(['kept'])
  expect(await dropped()).toEqual(['events_dropped_total{because="refused"} 1'])
})

test('what is told while nobody listens is bounded, counted, and does not hold up the end', async () => {
  const store = new Store()
  store.isSilent = true
  const { events, dropped } = eventsTo(store)
  for (let at = 0; at < 1_500; at++) events.report({ ...demo, uid: `u${at}` }, report('x'))
  const began = performance.now()
  await events[Symbol.asyncDispose]()
  expect(performance.now() - began).toBeLessThan(1_500)
  const counts = (await dropped()).map(line => Number(line.split(' ').at(-1)))
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1_500)
})

test('no secret and no endless text gets into an event', async () => {
  const store = new Store()
  const { events } = eventsTo(store)
  events.report(demo, report(`password=hunter2 ${'é'.repeat(2_000)}`))
  await until(() => store.events.size === 1)
  const note = String(store.notes()[0])
  expect(note).not.toContain('hunter2')
  expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1_024)
  expect(note).toMatch(/é…$/)
})
