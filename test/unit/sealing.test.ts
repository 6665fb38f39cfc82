import { afterEach, beforeEach, expect, test } from 'vitest'
import { finalizer, plural } from '../../src/api/names.ts'
import { sealingKeyOf } from '../../src/app/sealing.ts'
import type { KubeTransport } from '../../src/kube/transport.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { type Answer, FakeApi } from '../support/fake-api.ts'

let api: FakeApi
let kube: KubeTransport
let lines: string[]
const call = { signal: AbortSignal.timeout(30_000) }
const key = Buffer.from('a key').toString('base64')
const secret = {
  metadata: { name: 'ours-seal', namespace: 'ops', uid: 'u', resourceVersion: '1' },
  type: 'Opaque',
  data: { key },
}

beforeEach(async () => {
  lines = []
  api = await new FakeApi().start()
  kube = await api.connect()
})
afterEach(async () => {
  await kube[Symbol.asyncDispose]()
  await api[Symbol.asyncDispose]()
})

const clustersWith = (finalizers: readonly string[]): Answer => {
  const items = [{ metadata: { name: 'demo', namespace: 'team-a', finalizers } }]
  return { status: 200, body: { metadata: { resourceVersion: '1' }, items } }
}

function keyWhere(clusters: Answer, isKept = false, namespaces: readonly string[] = []) {
  api.answer = ({ method, path }) => {
    if (path.includes(plural)) return clusters
    if (method === 'POST') return { status: 201, body: secret }
    return isKept ? { status: 200, body: secret } : { status: 404 }
  }
  const log = createLog({ level: 'warn', format: 'json', write: line => lines.push(line) })
  return sealingKeyOf({ kube, namespace: 'ops', name: 'ours', log, namespaces, toldBy: 'kube-system' }, call)
}

test('a key that is made anew while clusters are in care is told loudly', async () => {
  expect(await keyWhere(clustersWith([finalizer]))).toBe(key)
  expect(lines.join('')).toMatch(/"level":"error".*"clusters":1.*made anew/)
})

test.each([
  ['clusters that nobody has in care yet', clustersWith([]), false],
  ['a key that is there', clustersWith([finalizer]), true],
] as const)('%s: nothing is told', async (_, clusters, isKept) => {
  expect(await keyWhere(clusters, isKept)).toBe(key)
  expect(lines).toEqual([])
})

test('clusters are looked for in the namespaces that are watched', async () => {
  await keyWhere(clustersWith([finalizer]), false, ['team-a', 'team-b'])
  expect(api.asked.filter(({ path }) => path.includes(plural)).map(({ path }) => path.split('/')[5])).toEqual(
    ['team-a', 'team-b'],
  )
  expect(lines.join('')).toContain('"clusters":2')
})

test('a look that is refused does not keep the operator from starting', async () => {
  expect(await keyWhere({ status: 403 })).toBe(key)
  expect(lines.join('')).toMatch(/"level":"warn".*is not known/)
})
