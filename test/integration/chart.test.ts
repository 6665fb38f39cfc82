import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runTool } from '../../scripts/chart-tools/index.ts'
import {
  chart,
  chartRoom,
  chartTools,
  foreignKinds,
  isDeployment,
  objectsIn,
  type Rendered,
  rendered,
  scenarios,
  valuesOf,
  withoutDashboard,
} from '../support/chart.ts'
import { ChartRelease, olderChart } from '../support/chart-release.ts'
import { writeSchemas } from '../support/openapi-schemas.ts'
import { operatorDirectory } from '../support/operator.ts'

const tools = await chartTools()
/** Without our custom resource, which is Helm's here: so it is not the run's control plane. */
const room = chartRoom()

test.each(scenarios)(
  'helm 4 and helm 3 find nothing wrong in the chart, and render the same: %s',
  async scenario => {
    const [four, three] = await Promise.all(
      [tools.helm, tools.helm3].map(async program => {
        const lint = ['lint', chart, '--strict', '--values', valuesOf(scenario)]
        expect(await runTool(program, lint)).toContain('0 chart(s) failed')
        return rendered({ program, scenario })
      }),
    )
    expect(three).toBe(four)
    await expect(withoutDashboard(four ?? '')).toMatchFileSnapshot(`golden/chart-${scenario}.yaml`)
  },
)

test.each([
  { set: 'replicas=3', says: "additional properties 'replicas' not allowed" },
  { set: 'replicaCount=two', says: "at '/replicaCount': got string, want integer" },
  {
    set: 'settings.allowCloud={simulated}',
    says: "at '/settings': additional properties 'allowCloud' not allowed",
  },
  {
    set: 'settings.allowClouds={aws}',
    says: "at '/settings/allowClouds/0': value must be one of 'local', 'simulated'",
  },
  { set: 'settings.ambientClouds=aws', says: "at '/settings/ambientClouds': got string, want array" },
  {
    set: 'settings.sweep=never',
    says: "at '/settings/sweep': value must be one of 'delete', 'dry-run', 'off'",
  },
  { set: 'settings.sweepAfter=15', says: "at '/settings/sweepAfter': got number, want string" },
  { set: 'settings.concurrency=0', says: "at '/settings/concurrency': minimum: got 0, want 1" },
  { set: 'settings.httpAddress=0.0.0.0:0', says: "at '/settings/httpAddress': '0.0.0.0:0' does not match" },
  { set: 'settings.watchNamespaces={a}', says: "at '/settings': additional properties 'watchNamespaces'" },
  { set: 'watchNamespaces={Team}', says: "at '/watchNamespaces/0': 'Team' does not match pattern" },
  { set: 'image.digest=latest', says: "at '/image/digest': 'latest' does not match pattern" },
  { set: 'identity.aws.roleArn=admin', says: "at '/identity/aws/roleArn': 'admin' does not match pattern" },
  { set: 'extraEnv[0].value=x', says: "at '/extraEnv/0': missing property 'name'" },
  {
    set: 'podDisruptionBudget.minAvailable=half',
    says: "at '/podDisruptionBudget/minAvailable': 'half' does not",
  },
  {
    set: 'podDisruptionBudget.minAvailable=1,podDisruptionBudget.maxUnavailable=1',
    says: 'podDisruptionBudget: minAvailable and maxUnavailable are both given',
  },
  {
    set: 'extraArgs={--no-leader-elect}',
    says: 'extraArgs: --no-leader-elect would let two pods work at once',
  },
  {
    set: 'prometheus.enabled=false,prometheus.servicemonitor.enabled=true',
    says: 'prometheus.servicemonitor.enabled needs prometheus.enabled',
  },
])('the chart refuses $set, and says where', async ({ set, says }) => {
  const refusal = runTool(tools.helm, ['template', 'dask', chart, '--set', set])
  await expect(refusal).rejects.toThrow(says)
})

const isForeign = ({ kind }: Rendered): boolean => foreignKinds.some(each => each === kind)

async function allObjects(): Promise<readonly Rendered[]> {
  const texts = await Promise.all(scenarios.map(scenario => rendered({ program: tools.helm, scenario })))
  return texts.flatMap(objectsIn)
}

test('every object of every scenario has the fields that the API server publishes, and no others', async () => {
  await using folder = await operatorDirectory()
  const { plane } = room()
  const objects = await allObjects()
  const schemas = join(folder.path, 'schemas')
  const get = async (path: string): Promise<unknown> =>
    JSON.parse(await plane.kubectl(['get', '--raw', path]))
  await writeSchemas(
    objects.filter(each => !isForeign(each)),
    schemas,
    get,
  )
  const location = join(schemas, '{{ .ResourceKind }}{{ .KindSuffix }}.json')
  const conforms = async (all: readonly Rendered[]): Promise<string> => {
    const file = join(folder.path, 'objects.json')
    await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: all }))
    const skipped = ['-skip', foreignKinds.join(',')]
    return runTool(tools.kubeconform, ['-strict', '-summary', ...skipped, '-schema-location', location, file])
  }
  const foreign = objects.filter(isForeign).length
  const valid = `Valid: ${objects.length - foreign}, Invalid: 0, Errors: 0, Skipped: ${foreign}`
  expect(await conforms(objects)).toContain(valid)
  const [deployment] = objects.filter(isDeployment)
  const misspelt = JSON.parse(JSON.stringify(deployment).replace('"replicas"', '"replicaz"'))
  await expect(conforms([misspelt])).rejects.toThrow(/replicaz/)
})

const reads = (input: string): Promise<string> => runTool(tools.monitoring, [], { input })

test('the Prometheus Operator would read its objects, and finds a field that it does not know', async () => {
  const objects = (await allObjects()).filter(isForeign)
  expect(objects.map(({ kind }) => kind).toSorted()).toEqual([...foreignKinds].toSorted())
  const input = JSON.stringify(objects)
  expect((await reads(input)).trim()).toBe(String(objects.length))
  await expect(reads(input.replace('"for"', '"fore"'))).rejects.toThrow(
    /unknown field "spec.groups\[0\].rules/,
  )
  await expect(reads(input.replace('"endpoints"', '"endpoint"'))).rejects.toThrow(
    /unknown field "spec.endpoint"/,
  )
})

test('the API server would take every object of every scenario, and the pods at the level restricted', async () => {
  const { plane } = room()
  for (const namespace of ['dask-system', 'team-a', 'monitoring'])
    await plane.kubectl(['apply', '-f', '-'], JSON.stringify(restricted(namespace)))
  const dryRun = (items: readonly unknown[]): Promise<string> => {
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
    return plane.kubectl(['apply', '--dry-run=server', '--validate=strict', '-f', '-'], list)
  }
  const objects = (await allObjects()).filter(each => !isForeign(each))
  const taken = (await dryRun(objects)).trim().split('\n')
  expect(taken).toHaveLength(objects.length)
  for (const kind of ['networkpolicy', 'poddisruptionbudget', 'deployment'])
    expect(taken.filter(line => line.startsWith(kind)).length).toBeGreaterThan(2)
  const pods = objects.filter(isDeployment).map(({ metadata, spec: { template } }) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    spec: template.spec,
    metadata: { name: metadata.name, namespace: 'dask-system' },
  }))
  expect((await dryRun(pods)).trim().split('\n')).toHaveLength(scenarios.length)
  const loose = pods.map(pod => ({ ...pod, spec: { ...pod.spec, hostNetwork: true } }))
  await expect(dryRun(loose)).rejects.toThrow(/violates PodSecurity "restricted.*host namespaces/)
})

const restricted = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
})

test('install, upgrade, rollback, uninstall and install again: the cluster that is there keeps its machines', async () => {
  await using release = new ChartRelease({ ...room(), program: tools.helm })
  await release.helm('install', await olderChart(room().directory), '--create-namespace')
  expect(await release.columns()).not.toContain('Cloud')
  await release.roll()
  await release.cluster(2)
  const first = await release.machines()
  expect(first).toHaveLength(3)

  await release.helm('upgrade', chart, '--set', 'settings.concurrency=16')
  expect(await release.columns()).toContain('Cloud')
  expect(await release.roll()).toContain('--concurrency=16')
  await release.scaled(3)
  const second = await release.machines()
  expect(second).toEqual([...first, expect.anything()])

  await release.helm('rollback', '1')
  expect(await release.columns()).not.toContain('Cloud')
  expect(await release.roll()).not.toContain('--concurrency=16')
  await release.scaled(4)
  const third = await release.machines()
  expect(third).toEqual([...second, expect.anything()])

  expect(await release.helm('uninstall')).toContain('kept due to the resource policy')
  await release.stop()
  expect(await release.objects()).toBe('')
  expect(await release.machines()).toEqual(third)

  await release.helm('install', chart)
  await release.roll()
  await release.scaled(5)
  expect(await release.machines()).toEqual([...third, expect.anything()])
  expect(await release.ended()).toEqual([])
  await release.helm('upgrade', chart, '--set', 'crds.keep=false')
  await release.helm('uninstall')
  await expect(release.definitionGone()).resolves.toBe(true)
})

test('Helm 3 installs, upgrades, rolls back and uninstalls what Helm 4 does', async () => {
  await using release = new ChartRelease({ ...room(), program: tools.helm3, home: 'dask-helm-3' })
  await release.helm('install', await olderChart(room().directory), '--create-namespace')
  await release.helm('upgrade', chart)
  expect(await release.columns()).toContain('Cloud')
  expect((await release.objects()).trim().split('\n')).toHaveLength(9)
  await release.helm('rollback', '1')
  expect(await release.columns()).not.toContain('Cloud')
  await release.helm('upgrade', chart, '--set', 'crds.keep=false')
  await release.helm('uninstall')
  expect(await release.objects()).toBe('')
  await expect(release.definitionGone()).resolves.toBe(true)
})

test('what kubectl applied becomes part of a release, and none of it is made anew', async () => {
  const { plane } = room()
  await plane.kubectl(['apply', '-f', 'crds/', '-f', 'deploy/manifests/operator.yaml'])
  const uid = ['get', 'deployments', '--namespace', 'dask-system', '-o', 'jsonpath={.items[*].metadata.uid}']
  const before = await plane.kubectl(uid)
  const [name, home] = ['dask-cloud-operator', 'dask-system']
  await using release = new ChartRelease({ ...room(), program: tools.helm, name, home })
  await release.helm('install', chart, '--take-ownership', '--force-conflicts')
  expect(await plane.kubectl(uid)).toBe(before)
  await release.helm('uninstall')
  expect(await release.objects()).toBe('')
  expect(await release.columns()).toContain('Cloud')
})
