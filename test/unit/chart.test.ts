import { existsSync, globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { readValues } from '../../scripts/chart/values.ts'
import { schemasByPath } from '../../scripts/chart/values-schema.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'

interface Alert {
  readonly alert: string
  readonly expr: string
  readonly annotations: Readonly<Record<string, string>>
}
interface Rules {
  readonly groups: readonly { readonly rules: readonly Alert[] }[]
}

const read = (file: string): string => readFileSync(`deploy/chart/${file}`, 'utf8')

test('chart, operator and package have one version', () => {
  const { version }: { readonly version: string } = JSON.parse(readFileSync('package.json', 'utf8'))
  expect(parse(read('Chart.yaml'))).toMatchObject({ version, appVersion: version })
})

test('each value has a schema, and each that a schema knows has a default and a comment', () => {
  const [schemas, values] = [schemasByPath(), readValues()]
  const isLeaf = (path: string): boolean => schemas.get(path)?.properties === undefined
  const known = [...schemas.keys()].filter(path => isLeaf(path) && path !== 'global')
  const named = new Map(values.map(({ path, comment }) => [path, comment]))
  const settings = known.filter(path => path.startsWith('settings.'))
  expect(settings.length).toBeGreaterThan(15)
  expect(known.filter(path => !path.startsWith('settings.') && !named.get(path))).toEqual([])
  const inOpenMap = (path: string): boolean =>
    [...schemas].some(
      ([above, { properties, type }]) => path.startsWith(`${above}.`) && type === 'object' && !properties,
    )
  expect([...named.keys()].filter(path => !schemas.has(path) && !inOpenMap(path))).toEqual([])
})

test('each definition has the one line at which crds.keep is written', () => {
  const files = globSync('deploy/chart/files/crds/*.yaml')
  expect(files.map(file => file.replace('deploy/chart/files/', ''))).toEqual(globSync('crds/*.yaml'))
  for (const file of files) expect(readFileSync(file, 'utf8').split('\nmetadata:\n')).toHaveLength(2)
})

const rules: Rules = parse(read('rules/alerts.yaml'))
const alerts = rules.groups.flatMap(group => group.rules)

const headings = (page: string): readonly string[] =>
  [...readFileSync(page, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  )

test('each alert says what to read, and that is there', () => {
  const lost = alerts.filter(({ annotations }) => {
    const [page = '', heading = ''] = (annotations['runbook'] ?? '').split('#')
    return !existsSync(page) || !headings(page).includes(heading)
  })
  expect(lost.map(({ alert }) => alert)).toEqual([])
})

/** The metric that a histogram's parts belong to. */
const base = (name: string): string => name.replace(/_(bucket|count|sum)$/, '')

test('alerts and dashboard ask for metrics that the operator serves', async () => {
  const text = await createMetrics({ process: 'measured' }).read()
  const served = new Set([...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name = '']) => name))
  const dashboard = read('dashboards/dask-cloud-operator.json')
  const exprs = [
    ...alerts.map(({ expr }) => expr),
    ...[...dashboard.matchAll(/"expr": (".*")/g)].map(([, json = '']) => String(JSON.parse(json))),
  ]
  const asked = exprs.flatMap(expr =>
    [...expr.matchAll(/\b(dask_cloud_operator_\w+|\w+(?=\{)|[a-z]+_\w+(?=\[))/g)].map(([name]) => name),
  )
  expect(new Set(asked).size).toBeGreaterThan(20)
  expect(asked.filter(name => !served.has(name) && !served.has(base(name)))).toEqual([])
})

test('a release can name its image in the values: once by its place, once by its digest', () => {
  expect(read('values.yaml').match(/^ {2}repository: dask-cloud-operator$/gm)).toHaveLength(1)
  expect(read('values.yaml').match(/^ {2}digest: ""$/gm)).toHaveLength(1)
})
