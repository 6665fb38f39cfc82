import { afterAll, expect, test } from 'vitest'
import { poll } from '../../src/lib/wait.ts'
import { type ApiCall, accountName, callsOf } from '../support/audit.ts'
import { ClassDesk } from '../support/class-desk.ts'
import { controlPlane } from '../support/control-plane.ts'
import { OperatorProcess, operatorDirectory } from '../support/operator.ts'
import {
  documentsOf,
  grantsIn,
  idle,
  kubeconfigOf,
  operatorManifest as manifest,
  own,
  unlawful,
} from '../support/rights.ts'
import { routedOperator } from '../support/routed-hosts.ts'

const plane = controlPlane()
const { namespace: home, account } = own
const purpose = { 'cloud.dask.org/purpose': 'credentials' }

plane.prepare(async () => {
  await plane.kubectl(['apply', '-f', manifest])
})
afterAll(async () => {
  if (plane.kubeconfig !== '')
    await plane.kubectl(['delete', '--ignore-not-found', '--wait=false', '-f', manifest])
})

const cluster = (replicas: number, lifetime = {}, more = {}): string =>
  JSON.stringify({
    apiVersion: 'cloud.dask.org/v1alpha1',
    kind: 'DaskCloudCluster',
    metadata: { name: 'rights', namespace: plane.namespace },
    spec: { cloud: { simulated: { startupSeconds: 0 } }, workers: { replicas }, lifetime, ...more },
  })

const until = (isMet: () => Promise<boolean>): Promise<true> =>
  poll(async () => ((await isMet()) ? true : undefined), 200, { signal: AbortSignal.timeout(60_000) })

test('the rights of the manifest are enough for a cluster’s life', async () => {
  await using directory = await operatorDirectory()
  const kubeconfig = await kubeconfigOf(plane, own, directory.path)
  const start = () =>
    new OperatorProcess({
      kubeconfig,
      namespace: home,
      watch: plane.namespace,
      directory: directory.path,
      settings: { 'allow-clouds': 'simulated', classes: 'on', installation: 'rights' },
      program: routedOperator,
    })
  await using first = start()
  const inNamespace = ['--namespace', plane.namespace]
  const credentials = { name: 'rights-token', namespace: plane.namespace, labels: purpose }
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: credentials, stringData: { token: 'any' } }
  await plane.kubectl(['apply', '-f', '-'], JSON.stringify(secret))
  await plane.kubectl(
    ['apply', '-f', '-'],
    cluster(2, {}, { credentialsSecretRef: { name: 'rights-token' } }),
  )
  await plane.kubectl(['wait', ...inNamespace, 'dcc/rights', '--for=condition=Ready', '--timeout=60s'])
  await using classes = new ClassDesk(plane, 'rights')
  await classes.apply(plane.namespace, { cloud: { simulated: {} } })
  await classes.until(plane.namespace, conditions => conditions.length > 0)
  await plane.kubectl(['scale', ...inNamespace, 'dcc/rights', '--replicas=3'])
  const scaled = '--for=jsonpath={.status.workers.ready}=3'
  await plane.kubectl(['wait', ...inNamespace, 'dcc/rights', scaled, '--timeout=60s'])
  const events = async (): Promise<string | undefined> => {
    const told = await plane.kubectl(['get', 'events.events.k8s.io', ...inNamespace])
    return told.includes('Ready') ? told : undefined
  }
  await poll(events, 100, { signal: AbortSignal.timeout(20_000) })
  expect(await first.stop()).toBe(0)
  await plane.kubectl(['patch', 'secret/rights-client', ...inNamespace, '-p', '{"data":{"tls.key":"AA=="}}'])
  await using operator = start()
  const key = ['get', 'secret/rights-client', ...inNamespace, '-o', 'jsonpath={.data.tls\\.key}']
  await until(async () => (await plane.kubectl(key)) !== 'AA==')
  const uid = await plane.kubectl(['get', 'dcc/rights', ...inNamespace, '-o', 'jsonpath={.metadata.uid}'])
  const secrets = () =>
    plane.kubectl(['get', 'secrets', '-A', '-o', 'name', '-l', `cloud.dask.org/cluster-uid=${uid}`])
  expect((await secrets()).trim().split('\n')).toHaveLength(4)
  await plane.kubectl(['wait', ...inNamespace, 'dcc/rights', '--for=condition=ServiceReady', '--timeout=60s'])
  const routes = () => plane.kubectl(['get', 'services,endpointslices', ...inNamespace, '-o', 'name'])
  expect((await routes()).trim().split('\n')).toEqual([
    'service/rights-scheduler',
    'endpointslice.discovery.k8s.io/rights-scheduler',
  ])
  // It leads nowhere from then on: a write of another kind.
  const suspended = JSON.stringify({ spec: { suspend: true } })
  await plane.kubectl(['patch', 'dcc/rights', ...inNamespace, '--type=merge', '-p', suspended])
  const endpoints = [
    'get',
    'endpointslices',
    ...inNamespace,
    '-o',
    'jsonpath={.items[*].endpoints[*].addresses}',
  ]
  await until(async () => (await plane.kubectl(endpoints)).trim() === '')
  await plane.kubectl(['delete', ...inNamespace, 'dcc/rights', '--timeout=60s'])
  expect((await secrets()).trim()).toBe('')
  expect((await routes()).trim()).toBe('')
  const left = ['get', 'secret/rights-token', ...inNamespace, '-o', 'jsonpath={.metadata.finalizers}']
  expect((await plane.kubectl(left)).trim()).toBe('')
  expect(await operator.stop()).toBe(0)
  expect(await operator.log()).not.toMatch(/forbidden/i)
})

test('without the right to delete clusters, one whose time is over says so, can be suspended, and goes once it is given', async () => {
  await using directory = await operatorDirectory()
  const role: {
    rules: readonly { readonly resources: readonly string[]; readonly verbs: readonly string[] }[]
  } = JSON.parse(await plane.kubectl(['get', 'clusterrole', account, '-o', 'json']))
  const isKept = ({ resources, verbs }: (typeof role.rules)[number]): boolean =>
    !(resources.includes('daskcloudclusters') && verbs.includes('delete'))
  const rules = role.rules.map(rule =>
    isKept(rule) ? rule : { ...rule, verbs: rule.verbs.filter(verb => verb !== 'delete') },
  )
  await plane.kubectl(['replace', '-f', '-'], JSON.stringify({ ...role, rules }))
  await using _ = new OperatorProcess({
    kubeconfig: await kubeconfigOf(plane, own, directory.path),
    namespace: home,
    watch: plane.namespace,
    directory: directory.path,
    settings: { 'allow-clouds': 'simulated' },
  })
  const inNamespace = ['--namespace', plane.namespace]
  await plane.kubectl(['apply', '-f', '-'], cluster(1, { ttl: '10s' }))
  const events = ['get', 'events.events.k8s.io', ...inNamespace, '-o', 'custom-columns=N:.note']
  await until(async () => (await plane.kubectl(events)).includes('The API server refused to delete it'))
  const suspended = JSON.stringify({ spec: { suspend: true } })
  await plane.kubectl(['patch', 'dcc/rights', ...inNamespace, '--type=merge', '-p', suspended])
  const machines = ['get', 'dcc/rights', ...inNamespace, '-o', 'jsonpath={.status.workers.replicas}']
  await until(async () => (await plane.kubectl(machines)) === '0')
  await plane.kubectl(['apply', '-f', manifest])
  const waiting = plane.kubectl(['wait', ...inNamespace, 'dcc/rights', '--for=delete', '--timeout=120s'])
  await expect(waiting).resolves.toBeDefined()
})

test('every call was within the manifest’s rights, and every right was needed', async () => {
  const calls = await callsOf(plane.auditLog, accountName(home))
  const grants = grantsIn(await documentsOf(manifest))
  expect(unlawful(grants, calls)).toEqual([])
  // test/integration/cert-manager.test.ts does the same with those for cert-manager.
  const others = grants.filter(({ apiGroups }) => !apiGroups.includes('cert-manager.io'))
  // test/integration/operator-service.test.ts has a Service that somebody has changed.
  const elsewhere = ['patch services in all namespaces']
  expect(idle(others, calls, home).filter(each => !elsewhere.includes(each))).toEqual([])
})

const isMany = ({ verb, resource }: ApiCall): boolean =>
  resource === 'secrets' && ['list', 'watch', 'deletecollection'].includes(verb)

test('Secrets are listed and watched in the operator’s own namespace alone, and nobody could list others', async () => {
  const calls = (await callsOf(plane.auditLog, accountName(home))).filter(isMany)
  expect([...new Set(calls.map(({ verb, namespace }) => `${verb} in ${namespace}`))].toSorted()).toEqual([
    `list in ${home}`,
    `watch in ${home}`,
  ])
  const may = grantsIn(await documentsOf(manifest)).filter(
    ({ resources, verbs }) =>
      resources.includes('secrets') && (verbs.includes('list') || verbs.includes('watch')),
  )
  expect(may.map(({ namespace }) => namespace)).toEqual([home])
})

test.each([
  { may: 'yes', verb: 'list', what: 'daskcloudclusters.cloud.dask.org', where: ['--all-namespaces'] },
  { may: 'no', verb: 'list', what: 'secrets', where: ['--all-namespaces'] },
  { may: 'yes', verb: 'watch', what: 'daskcloudclasses.cloud.dask.org', where: ['--all-namespaces'] },
  { may: 'no', verb: 'patch', what: 'daskcloudclasses.cloud.dask.org', where: ['--all-namespaces'] },
  { may: 'no', verb: 'list', what: 'services', where: ['--all-namespaces'] },
  { may: 'no', verb: 'update', what: 'endpointslices.discovery.k8s.io', where: ['--all-namespaces'] },
  { may: 'yes', verb: 'delete', what: 'daskcloudclusters.cloud.dask.org', where: ['--all-namespaces'] },
  { may: 'no', verb: 'create', what: 'daskcloudclusters.cloud.dask.org', where: ['--all-namespaces'] },
  { may: 'no', verb: 'create', what: 'pods', where: ['--namespace', home] },
])('the operator may $verb $what $where: $may', async ({ may, verb, what, where }) => {
  const as = `--as=system:serviceaccount:${home}:${account}`
  const answer = await plane.kubectl(['auth', 'can-i', verb, what, ...where, as]).catch(String)
  expect(answer.trim().split(/\s+/).at(-1)).toBe(may)
})
