import { expect, test } from 'vitest'
import { poll } from '../../src/lib/wait.ts'
import { accountName, callsOf } from '../support/audit.ts'
import { controlPlane } from '../support/control-plane.ts'
import { OperatorProcess, operatorDirectory } from '../support/operator.ts'
import { ownRights, unlawful } from '../support/rights.ts'

const plane = controlPlane()
const manifest = 'deploy/manifests/operator-namespaced.yaml'

/** One more namespace, until the test is over. */
async function another(name: string): Promise<AsyncDisposable & { readonly name: string }> {
  await plane.kubectl(['create', 'namespace', name])
  const end = ['delete', 'namespace', name, '--wait=false']
  return { name, [Symbol.asyncDispose]: async () => void (await plane.kubectl(end)) }
}

test('with Roles in two namespaces and its own, and no cluster role, clusters of both live and go', async () => {
  const home = `${plane.namespace}-own`
  await using other = await another(`${plane.namespace}-b`)
  const teams = [plane.namespace, other.name]
  const [one = '', two = ''] = teams
  await using rights = await ownRights(plane, home, {
    manifest,
    namespaces: { 'team-a': one, 'team-b': two },
  })
  await using directory = await operatorDirectory()
  await using operator = new OperatorProcess({
    kubeconfig: await rights.kubeconfigIn(directory.path),
    namespace: home,
    watch: teams.join(','),
    directory: directory.path,
    settings: { 'allow-clouds': 'simulated' },
  })
  const [name, metadata] = ['small', { name: 'token', labels: { 'cloud.dask.org/purpose': 'credentials' } }]
  const cloud = { simulated: { startupSeconds: 0 } }
  const spec = { cloud, workers: { replicas: 1 }, credentialsSecretRef: { name: metadata.name } }
  const items = teams.flatMap(namespace => [
    { apiVersion: 'v1', kind: 'Secret', metadata: { ...metadata, namespace }, stringData: { token: 'any' } },
    { apiVersion: 'cloud.dask.org/v1alpha1', kind: 'DaskCloudCluster', metadata: { name, namespace }, spec },
  ])
  await plane.kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
  const inEach = (...args: readonly string[]): Promise<readonly string[]> =>
    Promise.all(teams.map(namespace => plane.kubectl(['--namespace', namespace, ...args])))
  await inEach('wait', `dcc/${name}`, '--for=condition=Ready', '--timeout=60s')
  const told = async (): Promise<true | undefined> => {
    const events = await inEach('get', 'events.events.k8s.io')
    return events.every(each => each.includes('Ready')) ? true : undefined
  }
  await poll(told, 100, { signal: AbortSignal.timeout(20_000) })
  await inEach('delete', `dcc/${name}`, '--timeout=60s')
  const clients = await inEach('get', 'secrets', '-o', 'name')
  expect(clients.map(each => each.trim())).toEqual(['secret/token', 'secret/token'])
  expect(await operator.stop()).toBe(0)
  const calls = await callsOf(plane.auditLog, accountName(home))
  expect(calls.length).toBeGreaterThan(50)
  // Whether it may ask for kube-system it finds out by asking, once in its life.
  const [first, ...beyond] = unlawful(rights.grants, calls)
  expect([first, beyond]).toEqual(['get /namespaces in kube-system', []])
  const seal = [
    'get',
    'secret/dask-cloud-operator-seal',
    '--namespace',
    home,
    '-o',
    'jsonpath={.metadata.annotations}',
  ]
  expect(JSON.parse(await plane.kubectl(seal))).toEqual({ 'cloud.dask.org/identity': home })
})
