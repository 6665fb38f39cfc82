import { afterEach, beforeEach, expect, test } from 'vitest'
import { identityAnnotation } from '../../src/api/names.ts'
import { identityNote, installationOf } from '../../src/app/installation.ts'
import type { KubeTransport } from '../../src/kube/transport.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { FakeApi } from '../support/fake-api.ts'

let api: FakeApi
let kube: KubeTransport
const log = createLog({ level: 'warn', format: 'json', write: () => undefined })
const call = () => ({ signal: AbortSignal.timeout(30_000) })

beforeEach(async () => {
  api = await new FakeApi().start()
  kube = await api.connect()
})
afterEach(async () => {
  await kube[Symbol.asyncDispose]()
  await api[Symbol.asyncDispose]()
})

interface Given {
  /** What the Secret of the seal says; undefined where there is none. */
  readonly seal?: Readonly<Record<string, string>>
  readonly mayReadOldest: boolean
  readonly ownUid?: string
}

function found({ seal, mayReadOldest, ownUid = 'own' }: Given) {
  const metadata = { name: 'ours-seal', namespace: 'ops', uid: 'u', resourceVersion: '1', annotations: seal }
  api.answer = ({ path }) => {
    if (path.endsWith('/secrets/ours-seal'))
      return seal === undefined ? { status: 404 } : { status: 200, body: { metadata, data: { key: '' } } }
    if (path.endsWith('/kube-system'))
      return mayReadOldest ? { status: 200, body: { metadata: { uid: 'oldest' } } } : { status: 403 }
    return { status: 200, body: { metadata: { uid: ownUid } } }
  }
  return installationOf({ kube, namespace: 'ops', name: 'ours', log }, call())
}

const own = { [identityAnnotation]: 'ops' }

test('a first start is told by kube-system, or by its own namespace where that is out of its reach', async () => {
  const usual = await found({ mayReadOldest: true })
  const narrow = await found({ mayReadOldest: false })
  expect([usual.toldBy, narrow.toldBy]).toEqual(['kube-system', 'ops'])
  expect(narrow.id).not.toBe(usual.id)
  expect(identityNote(usual)).toEqual({})
  expect(identityNote(narrow)).toEqual(own)
})

test('what was told by one namespace stays told by it, whatever the rights become', async () => {
  const narrow = await found({ mayReadOldest: false })
  for (const mayReadOldest of [true, false]) expect(await found({ seal: own, mayReadOldest })).toEqual(narrow)
  expect(await found({ seal: {}, mayReadOldest: true })).toEqual(await found({ mayReadOldest: true }))
})

test('another namespace of that name, in another Kubernetes cluster say, is another installation', async () => {
  const one = await found({ seal: own, mayReadOldest: false })
  expect((await found({ seal: own, mayReadOldest: false, ownUid: 'another' })).id).not.toBe(one.id)
})

test('without the right it once had it waits for it, and becomes no other installation', async () => {
  const usual = await found({ mayReadOldest: true })
  const again = found({ seal: {}, mayReadOldest: true })
  const { answer } = api
  const refused: string[] = []
  api.answer = asked => {
    if (!asked.path.endsWith('/kube-system') || refused.length > 0) return answer(asked)
    refused.push(asked.path)
    return { status: 403 }
  }
  expect(await again).toEqual(usual)
  expect(refused).toHaveLength(1)
})
