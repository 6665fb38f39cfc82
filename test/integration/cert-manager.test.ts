import { join } from 'node:path'
import { expect, test } from 'vitest'
import { poll } from '../../src/lib/wait.ts'
import { accountName, callsOf } from '../support/audit.ts'
import { certManagerDefinitions, Issuer } from '../support/cert-manager.ts'
import { controlPlane } from '../support/control-plane.ts'
import { OperatorProcess, operatorDirectory } from '../support/operator.ts'
import { idle, ownRights, unlawful } from '../support/rights.ts'

const plane = controlPlane()
const kubectl = (...args: readonly string[]): Promise<string> =>
  plane.kubectl(['--namespace', plane.namespace, ...args])

const cluster = JSON.stringify({
  apiVersion: 'cloud.dask.org/v1alpha1',
  kind: 'DaskCloudCluster',
  metadata: { name: 'issued' },
  spec: {
    cloud: { simulated: { startupSeconds: 0 } },
    security: { tls: { mode: 'Issuer', issuerRef: { name: 'team' } } },
  },
})

let looks = 0

/** The message of CertificatesReady, once that has this reason. A cluster at rest has a look for each of these. */
const message = (reason: string, says: RegExp): Promise<string> =>
  poll(
    async () => {
      await kubectl('annotate', 'dcc/issued', `look=${++looks}`, '--overwrite')
      const path = '{range .status.conditions[?(@.type=="CertificatesReady")]}{.reason}: {.message}{end}'
      const said = await kubectl('get', 'dcc/issued', '-o', `jsonpath=${path}`)
      return said.startsWith(`${reason}: `) && says.test(said) ? said : undefined
    },
    1_000,
    { signal: AbortSignal.timeout(30_000) },
  )

test('cert-manager is asked, waited for, and what it issues is used and goes with the cluster', async ({
  skip,
}) => {
  const definitions = await certManagerDefinitions()
  skip(definitions === undefined, 'there is no Go here to fetch cert-manager’s definitions with')
  await using directory = await operatorDirectory()
  const home = `${plane.namespace}-operator`
  await using rights = await ownRights(plane, home)
  await using operator = new OperatorProcess({
    kubeconfig: await rights.kubeconfigIn(directory.path),
    namespace: home,
    watch: plane.namespace,
    directory: directory.path,
    settings: { 'allow-clouds': 'simulated' },
  })
  await plane.kubectl(['--namespace', plane.namespace, 'apply', '-f', '-'], cluster)
  await message('IssueFailed', /install cert-manager, or choose another security\.tls\.mode/)
  const hindered = '{range .status.conditions[?(@.type!="Ready")]}{.type}={.reason} {end}'
  const told = await kubectl('get', 'dcc/issued', '-o', `jsonpath=${hindered}`)
  expect(told).toContain('Stalled=IssueFailed')
  expect(told).not.toContain('Reconciling')
  const files = ['certificates', 'issuers'].map(each =>
    join(definitions ?? '', `cert-manager.io_${each}.yaml`),
  )
  const all = files.flatMap(file => ['-f', file])
  await plane.kubectl(['apply', '--server-side', ...all])
  try {
    await issued()
    expect(await operator.stop()).toBe(0)
    const calls = await callsOf(plane.auditLog, accountName(home))
    expect(unlawful(rights.grants, calls)).toEqual([])
    const needed = rights.grants.filter(({ apiGroups }) => apiGroups.includes('cert-manager.io'))
    // By server-side apply: the API server asks for both rights where it makes something.
    expect(idle(needed, calls, home)).toEqual(['create certificates in all namespaces'])
  } finally {
    await plane.kubectl(['delete', ...all, '--timeout=60s'])
  }
})

async function issued(): Promise<void> {
  using issuer = new Issuer(plane)
  const sample = await kubectl('apply', '--dry-run=server', '-f', 'deploy/samples/cert-manager.yaml')
  expect(sample.match(/created \(server dry run\)/g)).toHaveLength(4)
  const asked = await issuer.asked(3)
  const both = ['digital signature', 'server auth', 'client auth']
  expect(Object.fromEntries(asked.map(({ metadata, spec }) => [metadata.name, spec.usages]))).toEqual({
    'issued-client-tls': ['digital signature', 'client auth'],
    'issued-scheduler-tls': both,
    'issued-worker-tls': both,
  })
  await message('Awaited', /cert-manager has not answered yet/)
  for (const each of asked) await issuer.tell(each, 'False', 'Referenced "Issuer" not found')
  await message('Awaited', /cert-manager says: Referenced "Issuer" not found/)
  for (const each of asked) await issuer.issue(each)
  await kubectl('wait', 'dcc/issued', '--for=condition=Ready', '--timeout=60s')
  await message('Issued', /The certificates that cert-manager has issued are good/)
  const given = await kubectl('get', 'secret/issued-client-tls', '-o', 'jsonpath={.data.tls\\.crt}')
  expect(await kubectl('get', 'secret/issued-client', '-o', 'jsonpath={.data.tls\\.crt}')).toBe(given)
  const other = JSON.stringify({ spec: { security: { tls: { issuerRef: { name: 'other' } } } } })
  await kubectl('patch', 'dcc/issued', '--type=merge', '-p', other)
  const names = (): Promise<string> =>
    kubectl('get', 'certificates.cert-manager.io', '-o', 'jsonpath={.items[*].spec.issuerRef.name}')
  await poll(async () => ((await names()) === 'other other other' ? true : undefined), 200, {
    signal: AbortSignal.timeout(30_000),
  })
  const [first] = asked
  if (first !== undefined) await issuer.tell(first, 'False', 'Referenced "Issuer" not found: other')
  await message('Awaited', /Issuer" not found: other. Meanwhile the cluster has certificates until/)
  await kubectl('delete', 'dcc/issued', '--timeout=60s')
  expect(await kubectl('get', 'certificates.cert-manager.io,secrets', '-o', 'name')).not.toContain('issued')
}
