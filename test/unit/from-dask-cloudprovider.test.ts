import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { spec } from '../../src/api/cluster-schema.ts'
import type { OpenApi } from '../../src/api/schema/schema.ts'

/** The names in each `__init__` of dask-cloudprovider 2025.9.0, and in that of distributed 2026.8.0's SpecCluster. */
const constructors = {
  VMCluster:
    'n_workers worker_class worker_options scheduler_options docker_image docker_args extra_bootstrap env_vars security protocol debug',
  SpecCluster:
    'workers scheduler worker asynchronous loop security silence_logs name shutdown_on_close scheduler_sync_interval shutdown_scheduler',
  EC2Cluster:
    'region availability_zone bootstrap auto_shutdown ami instance_type scheduler_instance_type worker_instance_type vpc subnet_id ' +
    'security_groups filesystem_size key_name iam_instance_profile docker_image debug instance_tags volume_tags use_private_ip ' +
    'enable_detailed_monitoring spot',
  AzureVMCluster:
    'location resource_group vnet subnet security_group public_ingress vm_size scheduler_vm_size vm_image disk_size bootstrap ' +
    'auto_shutdown docker_image debug marketplace_plan subscription_id extra_vm_options',
  GCPCluster:
    'projectid zone network network_projectid machine_type scheduler_machine_type worker_machine_type on_host_maintenance ' +
    'source_image docker_image ngpus gpu_type scheduler_ngpus scheduler_gpu_type worker_ngpus worker_gpu_type filesystem_size ' +
    'disk_type auto_shutdown bootstrap preemptible debug instance_labels service_account service_account_credentials',
  DropletCluster: 'region size image debug',
} as const

const namesOf = (constructor: keyof typeof constructors): readonly string[] =>
  constructors[constructor].split(' ')

const page = readFileSync('docs/from-dask-cloudprovider.md', 'utf8')
const [opening = '', ...sections] = page.split(/^## /m)

/** What stands in the first column of a section's tables of arguments. */
function argumentsIn(title: string): readonly string[] {
  const section = sections.find(each => each.startsWith(`${title}\n`)) ?? ''
  const tables = section.split('| argument | here |\n').slice(1)
  const rows = tables.flatMap(each => (each.split('\n\n')[0] ?? '').split('\n').slice(1))
  return rows.flatMap(row => [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name = '']) => name))
}

test.each(['EC2Cluster', 'AzureVMCluster', 'GCPCluster', 'DropletCluster'] as const)(
  'every argument of %s has its row, and no other has one',
  name => {
    expect(argumentsIn(name).toSorted()).toEqual(namesOf(name).toSorted())
  },
)

test('so has every one that all of them take', () => {
  const all = new Set([...namesOf('VMCluster'), ...namesOf('SpecCluster')])
  expect(argumentsIn('Every class').toSorted()).toEqual([...all].toSorted())
})

test('every row says something', () => {
  const rows = [...page.matchAll(/^\| `\w+`.*$/gm)].map(([row]) => row)
  expect(rows.length).toBeGreaterThan(70)
  expect(rows.filter(row => (row.split(' | ')[1] ?? '').replace(/ *\|$/, '').length < 3)).toEqual([])
})

test('the versions are those that the lists are of', () => {
  expect(opening).toContain('dask-cloudprovider 2025.9.0')
  expect(opening).toContain('distributed 2026.8.0')
})

function fieldsOf(path: string, node: OpenApi): readonly string[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, each]) => [
    `${path}.${name}`,
    ...fieldsOf(`${path}.${name}`, each),
  ])
}

test('every field that it names is one of the custom resource', () => {
  const known = new Set(fieldsOf('spec', spec.openApi))
  const named = [...page.matchAll(/`(spec(?:\.\w+)+)/g)].map(([, path = '']) => path)
  expect(named.length).toBeGreaterThan(60)
  expect(named.filter(path => !known.has(path))).toEqual([])
})
