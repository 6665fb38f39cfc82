import { expect, onTestFinished, test } from 'vitest'
import { acquireLease } from '../../src/kube/lease.ts'
import { connectKube } from '../../src/kube/transport.ts'
import { poll } from '../../src/lib/wait.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { ConnectProxy } from '../support/connect-proxy.ts'
import { controlPlane } from '../support/control-plane.ts'
import {
  connected,
  type Fields,
  folder,
  inside,
  kubeconfigOf,
  watching,
  whoAmI,
} from '../support/kube-user.ts'

const plane = controlPlane()
const within = (ms = 30_000) => ({ signal: AbortSignal.timeout(ms) })
const cluster = (extra: Fields = {}): Fields => ({ server: plane.url, ...inside(plane.authority), ...extra })

const tunnel = async (): Promise<ConnectProxy> => {
  const proxy = await ConnectProxy.open(Number(new URL(plane.url).port))
  onTestFinished(() => proxy[Symbol.asyncDispose]())
  return proxy
}
const admin = (): Fields => ({ token: plane.token })
/** A name that only the proxy knows; the API server's certificate has it. */
const far = 'https://kubernetes.default.svc:6443'

test('a proxy of the kubeconfig carries everything, with its password', async () => {
  const proxy = await tunnel()
  const at = await folder()
  const url = proxy.url.replace('//', '//me:pass@')
  const config = kubeconfigOf(cluster({ 'proxy-url': url, server: far }), admin())
  const kube = await connected({ kubeconfig: await at.write('config', config) })
  expect(await whoAmI(kube, within())).toMatchObject({ name: 'admin' })
  expect(proxy.asked).toEqual(['kubernetes.default.svc:6443'])
  expect(proxy.tunnels[0]?.authorization).toBe(`Basic ${Buffer.from('me:pass').toString('base64')}`)
  expect(proxy.tunnels[0]?.bytes).toBeGreaterThan(1_000)
})

test('a proxy of the environment carries everything, unless NO_PROXY has the server', async () => {
  const proxy = await tunnel()
  const at = await folder()
  const env = { HTTPS_PROXY: proxy.url, NO_PROXY: 'example.com' }
  const kubeconfig = await at.write('config', kubeconfigOf(cluster({ server: far }), admin()))
  const kube = await connected({ kubeconfig, env })
  expect(await whoAmI(kube, within())).toMatchObject({ name: 'admin' })
  expect(proxy.asked).toEqual(['kubernetes.default.svc:6443'])
  const direct = await connected({ kubeconfig, env: { ...env, NO_PROXY: '.svc' } })
  await expect(whoAmI(direct, within())).rejects.toMatchObject({ reason: 'Unreachable' })
  const near = await connected({
    kubeconfig: await at.write('near', kubeconfigOf(cluster(), admin())),
    env,
  })
  expect(await whoAmI(near, within())).toMatchObject({ name: 'admin' })
  expect(proxy.asked).toHaveLength(1)
})

test('a proxy that refuses is quoted, and one that says nothing costs no more than the deadline', async () => {
  const proxy = await tunnel()
  const at = await folder()
  const config = kubeconfigOf(cluster({ 'proxy-url': proxy.url }), admin())
  const kube = await connected({ kubeconfig: await at.write('config', config) })
  proxy.manner = 403
  await expect(whoAmI(kube, within())).rejects.toThrow(
    /cannot be reached through the proxy 127\.0\.0\.1:\d+: .*\(403\)/,
  )
  proxy.manner = 'silence'
  await expect(whoAmI(kube, within(500))).rejects.toMatchObject({ reason: 'Timeout' })
  proxy.manner = 'tunnel'
  const self = () => whoAmI(kube, within(2_000)).catch(() => undefined)
  expect(await poll(self, 50, within(15_000))).toMatchObject({ name: 'admin' })
})

test('a proxy that swallows every connection of requests and watches leaves the lease alone', async () => {
  const proxy = await tunnel()
  const at = await folder()
  const config = kubeconfigOf(cluster({ 'proxy-url': proxy.url }), admin())
  const kube = await connected({ kubeconfig: await at.write('config', config) })
  const watch = await watching(kube, plane.namespace)
  await Promise.all(Array.from({ length: 64 }, () => whoAmI(kube, within())))
  expect(proxy.freeze()).toBe(33)
  const metrics = createMetrics()
  await using lease = await acquireLease(
    {
      kube: kube.leases,
      lease: { namespace: plane.namespace, name: 'alone' },
      identity: 'one',
      metrics,
      onProblem: () => undefined,
      times: { durationMs: 15_000, renewMs: 10_000, retryMs: 300, lookMs: 300 },
    },
    within(),
  )
  const stuck = Array.from({ length: 64 }, () => whoAmI(kube, within(8_000)).catch((error: unknown) => error))
  const renewed = async (): Promise<string> =>
    plane.kubectl(['get', 'lease', 'alone', '-n', plane.namespace, '-o', 'jsonpath={.spec.renewTime}'])
  const times = new Set<string>()
  const renewals = (count: number) =>
    poll(async () => (times.add(await renewed()).size >= count ? true : undefined), 50, within())
  await renewals(5)
  for (const error of await Promise.all(stuck)) expect(error).toMatchObject({ reason: 'Timeout' })
  // Now its own as well: there is time for another before it is lost.
  expect(proxy.freeze()).toBeGreaterThan(0)
  await renewals(times.size + 5)
  expect(lease.remainingMs()).toBeGreaterThan(0)
  expect(watch.names).toEqual([])
})

test('a proxy of a kind that is not known is refused before anything is asked', async () => {
  const at = await folder()
  const config = kubeconfigOf(cluster({ 'proxy-url': 'socks5://127.0.0.1:1080' }), admin())
  const kubeconfig = await at.write('config', config)
  await expect(connectKube({ kubeconfig, env: {} })).rejects.toThrow(
    /^proxy-url of the kubeconfig must begin with/,
  )
})
