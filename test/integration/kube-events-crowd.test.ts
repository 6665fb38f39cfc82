import { expect, test } from 'vitest'
import { Events } from '../../src/kube/events.ts'
import { connectKube } from '../../src/kube/transport.ts'
import { list, record } from '../../src/lib/parse.ts'
import { poll } from '../../src/lib/wait.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { controlPlane } from '../support/control-plane.ts'

const within = (ms = 30_000) => ({ signal: AbortSignal.timeout(ms) })
const plane = controlPlane()
const path = `/apis/events.k8s.io/v1/namespaces/${plane.namespace}/events`

test('events of many objects that begin at once are all written within seconds', async () => {
  const metrics = createMetrics()
  await using kube = await connectKube({ kubeconfig: plane.kubeconfig })
  const all = { kube, controller: 'cloud.dask.org/operator', instance: 'crowd', metrics }
  await using events = new Events(all)
  const names = Array.from({ length: 300 }, (_, at) => `crowd-${at}`)
  for (const reason of ['CertificatesIssued', 'Launching', 'Ready'])
    for (const name of names) {
      const regarding = { apiVersion: 'v1', kind: 'Demo', namespace: plane.namespace, name, uid: name }
      events.report(regarding, { kind: 'Normal', reason, message: reason })
    }
  const ready = async (): Promise<true | undefined> => {
    const reply = record(await kube.request({ method: 'GET', path }, within()), 'events')
    const told = list(reply['items'], 'items').filter(item => record(item, 'event')['reason'] === 'Ready')
    return told.length === names.length ? true : undefined
  }
  expect(await poll(ready, 500, within(30_000))).toBe(true)
  expect(await metrics.read()).not.toMatch(/events_dropped_total\{.*\} [1-9]/)
})
