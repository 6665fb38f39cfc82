import { afterAll, expect, onTestFinished, test } from 'vitest'
import { established } from '../../scripts/controlplane/established.ts'
import { startControlPlane } from '../../scripts/controlplane/index.ts'
import { Clusters, clustersIn } from '../../src/kube/clusters.ts'
import { noAnswer } from '../../src/kube/fault.ts'
import type { Frame } from '../../src/kube/frames.ts'
import { Reflector } from '../../src/kube/reflector.ts'
import {
  connectKube,
  type KubeRequest,
  type KubeRequests,
  type KubeStreams,
  type KubeTransport,
} from '../../src/kube/transport.ts'
import type { Call } from '../../src/lib/call.ts'
import { record, text } from '../../src/lib/parse.ts'
import { poll } from '../../src/lib/wait.ts'
import { clusterKey } from '../../src/model/names.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { controlPlane } from '../support/control-plane.ts'
import { manifest } from '../support/crd-plane.ts'

const within = (ms = 30_000) => ({ signal: AbortSignal.timeout(ms) })
const plane = controlPlane()
const open: KubeTransport[] = []
afterAll(() => Promise.all(open.map(kube => kube[Symbol.asyncDispose]())))

const uidOf = (raw: unknown): string =>
  text(record(record(raw, 'object')['metadata'], 'metadata')['uid'], 'uid')
const versionOf = (raw: unknown): string =>
  text(record(record(raw, 'object')['metadata'], 'metadata')['resourceVersion'], 'version')

async function connected(): Promise<KubeTransport> {
  const kube = await connectKube({ kubeconfig: plane.kubeconfig })
  open.push(kube)
  return kube
}

function reflect(kube: KubeRequests & KubeStreams, namespace: string) {
  const reflector = new Reflector({
    kube,
    collection: clustersIn(namespace),
    resource: 'daskcloudclusters',
    parse: raw => ({ uid: uidOf(raw), version: versionOf(raw) }),
    onProblem: () => undefined,
    metrics: createMetrics(),
  })
  onTestFinished(() => reflector[Symbol.asyncDispose]())
  const changes: string[] = []
  reflector.onChange(({ type, key, object }) => changes.push(`${type} ${key.split('/')[1]} ${object.uid}`))
  return { reflector, changes }
}

test('what is made, changed and deleted is seen', async () => {
  const kube = await connected()
  const { reflector, changes } = reflect(kube, plane.namespace)
  await reflector.synced(within())
  const { path } = clustersIn(plane.namespace)
  const made = await kube.request({ method: 'POST', path, body: manifest('seen') }, within())
  const uid = uidOf(made)
  await reflector.caughtUp(versionOf(made), within())
  const key = clusterKey(plane.namespace, 'seen')
  expect(reflector.get(key)).toEqual({ uid, version: versionOf(made) })
  await new Clusters(kube).writeMetadata(
    { key, resourceVersion: versionOf(made) },
    { annotations: { note: 'changed' } },
    within(),
  )
  await kube.request({ method: 'DELETE', path: `${path}/seen` }, within())
  await poll(() => (changes.length === 3 ? true : undefined), 10, within())
  expect(changes).toEqual([`added seen ${uid}`, `modified seen ${uid}`, `deleted seen ${uid}`])
})

test('a write of our own is read at once, and its echo is no second change', async () => {
  const kube = await connected()
  const { reflector, changes } = reflect(kube, plane.namespace)
  await reflector.synced(within())
  const { path } = clustersIn(plane.namespace)
  const made = await kube.request({ method: 'POST', path, body: manifest('own') }, within())
  reflector.offer(made)
  expect(reflector.get(`${plane.namespace}/own`)).toEqual({ uid: uidOf(made), version: versionOf(made) })
  await reflector.caughtUp(versionOf(made), within())
  expect(changes).toEqual([`added own ${uidOf(made)}`])
})

test('deleted and made again while nobody could see it: both are told, after a real 410', async () => {
  const kube = await connected()
  const { path } = clustersIn(plane.namespace)
  const first = await kube.request({ method: 'POST', path, body: manifest('again') }, within())
  const gate = new Gate(kube)
  const { reflector, changes } = reflect(gate, plane.namespace)
  await reflector.synced(within())
  gate.close()
  await kube.request({ method: 'DELETE', path: `${path}/again` }, within())
  const second = await kube.request({ method: 'POST', path, body: manifest('again') }, within())
  gate.openAt('1')
  await reflector.caughtUp(versionOf(second), within(60_000))
  expect(gate.statuses).toContain(410)
  expect(changes.filter(change => change.includes(' again '))).toEqual([
    `added again ${uidOf(first)}`,
    `deleted again ${uidOf(first)}`,
    `added again ${uidOf(second)}`,
  ])
})

test('a restart of the API server is survived, and within ten seconds nothing is missing', async () => {
  const asked = { ...within(120_000), progress: () => undefined, controllers: false }
  await using own = await startControlPlane(asked)
  await own.kubectl(['apply', '--server-side', '-f', 'crds/'])
  await established(own, 'crds/')
  await using kube = await connectKube({ kubeconfig: own.kubeconfig })
  const { reflector } = reflect(kube, 'default')
  await reflector.synced(within())
  await own.restartApiServer(within(90_000))
  const { path } = clustersIn('default')
  const make = () =>
    kube.request({ method: 'POST', path, body: manifest('after') }, within()).catch(() => undefined)
  const made = await poll(make, 100, within(60_000))
  const began = performance.now()
  await reflector.caughtUp(versionOf(made), within())
  expect(performance.now() - began).toBeLessThan(10_000)
  await reflector[Symbol.asyncDispose]()
})

/** Between a reflector and the API server: closed, no watch gets through; then one begins at a version of our choice. */
class Gate {
  readonly statuses: number[] = []
  readonly #kube: KubeTransport
  #isClosed = false
  #from: string | undefined
  #cut = new AbortController()

  constructor(kube: KubeTransport) {
    this.#kube = kube
  }

  request(request: KubeRequest, call: Call): Promise<unknown> {
    return this.#kube.request(request, call)
  }

  async *stream(request: KubeRequest & { readonly idleMs: number }, call: Call): AsyncIterable<Frame> {
    if (this.#isClosed) throw noAnswer('Unreachable', 'the gate is closed')
    const query = { ...request.query, ...(this.#from && { resourceVersion: this.#from }) }
    this.#from = undefined
    const signal = AbortSignal.any([call.signal, this.#cut.signal])
    for await (const frame of this.#kube.stream({ ...request, query }, { signal })) {
      if (frame.kind === 'frame') this.#note(record(frame.value, 'frame')['object'])
      yield frame
    }
  }

  close(): void {
    this.#isClosed = true
    this.#cut.abort(new Error('the gate was closed'))
  }

  openAt(version: string): void {
    this.#from = version
    this.#cut = new AbortController()
    this.#isClosed = false
  }

  #note(status: unknown): void {
    const code = record(status, 'object')['code']
    if (typeof code === 'number') this.statuses.push(code)
  }
}
