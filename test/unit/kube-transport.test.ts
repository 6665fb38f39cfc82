import { expect, onTestFinished, test } from 'vitest'
import { KubeError, wasRefused } from '../../src/kube/fault.ts'
import { connectKube, type KubeOptions, type KubeTransport } from '../../src/kube/transport.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { type Answer, FakeApi } from '../support/fake-api.ts'

const call = { signal: new AbortController().signal }
const patience = { timeout: 10_000 }
const get = { method: 'GET', path: '/x' } as const
const post = { method: 'POST', path: '/x', body: {} } as const

async function connected(options: KubeOptions = {}): Promise<{ api: FakeApi; kube: KubeTransport }> {
  const api = await new FakeApi().start()
  const kube = await api.connect(options)
  onTestFinished(async () => {
    await kube[Symbol.asyncDispose]()
    await api[Symbol.asyncDispose]()
  })
  return { api, kube }
}

/** One answer after the other, the last one for ever. */
function answers(...all: readonly Answer[]): () => Answer {
  const left = [...all]
  return () => (left.length > 1 ? left.shift() : left[0]) ?? { status: 500 }
}

const failure = (asked: Promise<unknown>): Promise<KubeError> =>
  asked.then(
    () => {
      throw new Error('it was answered')
    },
    (error: unknown) => {
      if (error instanceof KubeError) return error
      throw error
    },
  )

test('an answer is its JSON, and the namespace is the context’s', async () => {
  const { api, kube } = await connected()
  api.answer = () => ({ status: 200, body: { a: [1] } })
  expect(await kube.request({ ...get, query: { limit: 5, none: undefined } }, call)).toEqual({ a: [1] })
  expect(api.asked[0]?.query.toString()).toBe('limit=5')
  expect(kube.namespace).toBe('team-a')
})

test("a refusal has the API server's reason and message", async () => {
  const { api, kube } = await connected()
  api.answer = () => ({ status: 409, body: { kind: 'Status', reason: 'Conflict', message: 'stale' } })
  const error = await failure(kube.request(post, call))
  expect(error).toMatchObject({ status: 409, reason: 'Conflict', message: 'stale' })
  expect(wasRefused(error)).toBe(true)
})

test('a 401 makes it read the credentials again, and ask again only with others', async () => {
  const { api, kube } = await connected()
  api.answer = ({ authorization }) => ({ status: authorization === 'Bearer second' ? 200 : 401 })
  await api.writeToken('second')
  expect(await kube.request(post, call)).toEqual({})
  expect(api.asked.map(({ authorization }) => authorization)).toEqual(['Bearer first', 'Bearer second'])
  api.answer = () => ({ status: 401, body: { reason: 'Unauthorized' } })
  expect(await failure(kube.request(get, call))).toMatchObject({ status: 401, reason: 'Unauthorized' })
  expect(api.asked).toHaveLength(3)
})

const heldBack = (status: number, retryAfter?: string): Answer => ({
  status,
  headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter },
})
const fine: Answer = { status: 200, body: { ok: true } }

test.each([
  { given: 'a read, 429', request: get, first: heldBack(429, '0') },
  { given: 'a read, 503', request: get, first: heldBack(503, '0') },
  { given: 'a write, 429', request: post, first: heldBack(429, '0') },
  {
    given: 'a write, 429 until a date that has passed',
    request: post,
    first: heldBack(429, new Date(0).toUTCString()),
  },
])('$given with Retry-After is sent again', async ({ request, first }) => {
  const { api, kube } = await connected()
  api.answer = answers(first, first, fine)
  expect(await kube.request(request, call)).toEqual({ ok: true })
  expect(api.asked).toHaveLength(3)
})

test.each([
  { given: 'a write, 503 with Retry-After', request: post, first: heldBack(503, '0'), status: 503 },
  { given: 'a write, 429 without Retry-After', request: post, first: heldBack(429), status: 429 },
  { given: 'a read, 500', request: get, first: heldBack(500), status: 500 },
  { given: 'a time beyond the deadline', request: get, first: heldBack(429, '31'), status: 429 },
])('$given is told at once', async ({ request, first, status }) => {
  const { api, kube } = await connected()
  api.answer = answers(first, fine)
  expect(await failure(kube.request(request, call))).toMatchObject({ status })
  expect(api.asked).toHaveLength(1)
})

test('what is held back for ever is told after five tries, and when the caller stops as what it was', async () => {
  const { api, kube } = await connected()
  api.answer = () => heldBack(429, '0')
  expect(await failure(kube.request(post, call))).toMatchObject({ status: 429 })
  expect(api.asked).toHaveLength(5)
  api.answer = () => heldBack(429, '20')
  const stop = new AbortController()
  const waiting = failure(kube.request(post, stop))
  await expect.poll(() => api.asked.length, patience).toBe(6)
  stop.abort(new Error('enough'))
  const error = await waiting
  expect(error).toMatchObject({ status: 429, retryAfterMs: 20_000 })
  expect(wasRefused(error)).toBe(true)
})

test('a lease is told of Retry-After at once: it has a deadline of its own', async () => {
  const { api, kube } = await connected()
  api.answer = () => heldBack(429, '1')
  expect(await failure(kube.leases.request(post, call))).toMatchObject({ status: 429, retryAfterMs: 1_000 })
  expect(api.asked).toHaveLength(1)
})

test('a closed connection costs a read nothing, and a write is never sent twice', async () => {
  const { api, kube } = await connected()
  api.answer = answers('hang-up', { status: 200, body: { ok: true } })
  expect(await kube.request(get, call)).toEqual({ ok: true })
  api.asked.length = 0
  api.answer = answers('hang-up')
  const error = await failure(kube.request(post, call))
  expect(error).toMatchObject({ status: 0, reason: 'Unreachable' })
  expect(wasRefused(error)).toBe(false)
  expect(api.asked).toHaveLength(1)
})

test('silence ends at the deadline, and at once when the caller stops', async () => {
  const { api, kube } = await connected()
  api.answer = () => 'silence'
  expect(await failure(kube.request({ ...get, deadlineMs: 100 }, call))).toMatchObject({
    status: 0,
    reason: 'Timeout',
  })
  const stop = new AbortController()
  const waiting = failure(kube.request(get, stop))
  stop.abort(new Error('enough'))
  expect(await waiting).toMatchObject({ status: 0, reason: 'Stopped' })
  expect(await failure(kube.request(get, { signal: AbortSignal.timeout(50) }))).toMatchObject({
    reason: 'Timeout',
  })
})

test.each([
  { given: 'too large', body: JSON.stringify('x'.repeat(5_000)), reason: 'TooLarge' },
  { given: 'not the JSON it says it is', body: '{"a":', reason: 'Unreadable' },
])('an answer that is $given is an error', async ({ body, reason }) => {
  const { api, kube } = await connected()
  api.answer = () => ({ status: 200, body })
  expect(await failure(kube.request({ ...get, maxBytes: 1_000 }, call))).toMatchObject({ status: 0, reason })
})

test('a stream that falls silent ends with an error, and so does one that is refused', async () => {
  const { api, kube } = await connected()
  api.answer = () => 'stream'
  const heard: unknown[] = []
  const read = async (): Promise<void> => {
    for await (const frame of kube.stream({ ...get, idleMs: 200 }, call)) heard.push(frame)
  }
  const began = performance.now()
  const error = await failure(read())
  expect(error).toMatchObject({ reason: 'Timeout' })
  expect(performance.now() - began).toBeLessThan(3_000)
  api.answer = () => ({ status: 410, body: { reason: 'Expired' } })
  expect(await failure(read())).toMatchObject({ status: 410, reason: 'Expired' })
})

test('a stream that nobody reads any more lets go of its connection', async () => {
  const { api, kube } = await connected()
  api.answer = () => 'stream'
  const reading = (async () => {
    for await (const frame of kube.stream({ ...get, idleMs: 5_000 }, call)) {
      if (frame.kind === 'frame') return frame
    }
    return undefined
  })()
  await expect.poll(() => api.openStreams, patience).toBe(1)
  api.send({ a: 1 })
  expect(await reading).toEqual({ kind: 'frame', value: { a: 1 } })
  await expect.poll(() => api.openStreams, patience).toBe(0)
})

test('many requests share few connections, and leases have their own', async () => {
  const { api, kube } = await connected({ connections: 4 })
  api.answer = () => ({ status: 200 })
  await Promise.all(Array.from({ length: 200 }, () => kube.request(get, call)))
  expect(api.sockets.size).toBeLessThanOrEqual(4)
  api.answer = ({ path }) => (path === '/lease' ? { status: 200, body: { mine: true } } : 'silence')
  const stop = new AbortController()
  const stuck = Array.from({ length: 20 }, () => failure(kube.request(get, stop)))
  expect(await kube.leases.request({ method: 'GET', path: '/lease' }, call)).toEqual({ mine: true })
  stop.abort(new Error('enough'))
  await Promise.all(stuck)
})

test('streams take no place from requests', async () => {
  const { api, kube } = await connected({ connections: 2 })
  api.answer = ({ path }) => (path === '/watch' ? 'stream' : fine)
  const stop = new AbortController()
  const reading = Array.from({ length: 6 }, async () => {
    for await (const frame of kube.stream({ method: 'GET', path: '/watch', idleMs: 20_000 }, stop))
      return frame
    return undefined
  })
  await expect.poll(() => api.openStreams, patience).toBe(6)
  expect(await kube.request(get, call)).toEqual({ ok: true })
  stop.abort(new Error('enough'))
  await Promise.allSettled(reading)
})

test('requests are counted by their answers', async () => {
  const metrics = createMetrics()
  const { api, kube } = await connected({ requests: metrics.kubeRequests })
  api.answer = answers({ status: 200 }, 'hang-up')
  await kube.request(post, call)
  await failure(kube.request(post, call))
  const text = await metrics.read()
  expect(text).toMatch(/rest_client_requests_total\{code="200",method="POST",host="127.0.0.1:\d+"\} 1/)
  expect(text).toMatch(/rest_client_requests_total\{code="<error>",method="POST",host="127.0.0.1:\d+"\} 1/)
})

test.each([
  { given: 'two lines', token: 'one\ntwo' },
  { given: 'a page of a proxy', token: '<html>Log in</html> é' },
  { given: 'nothing', token: '' },
])('a token file that holds $given is not sent, and what it was before goes on', async ({ token }) => {
  const problems: unknown[] = []
  const { api, kube } = await connected({ onProblem: error => problems.push(error) })
  api.answer = ({ authorization }) => (authorization === 'Bearer first' ? { status: 401 } : fine)
  await api.writeToken(token)
  expect(await failure(kube.request(post, call))).toMatchObject({ status: 401 })
  expect(api.asked.map(({ authorization }) => authorization)).toEqual(['Bearer first'])
  expect(problems).toMatchObject([{ reason: 'Configuration' }])
})

test('what is wrong with a kubeconfig is said before anything is asked', async () => {
  expect(await failure(connectKube({ kubeconfig: '/nowhere/config' }))).toMatchObject({
    reason: 'Configuration',
  })
  const api = await new FakeApi().start()
  const error = await failure(api.connect({ context: 'other' }))
  await api[Symbol.asyncDispose]()
  expect(error.message).toBe('the kubeconfig has no context other; there are fake')
})
