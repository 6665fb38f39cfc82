import { globSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { readAlerts, uses } from '../../scripts/metrics/uses.ts'
import { documentedMetrics } from '../support/documented-metrics.ts'
import { problemsOf } from '../support/query-check.ts'

interface Tests {
  readonly tests: readonly {
    readonly name: string
    readonly input_series: readonly { readonly series: string }[]
    readonly alert_rule_test: readonly {
      readonly alertname: string
      readonly exp_alerts?: readonly unknown[]
    }[]
  }[]
}

const alerts = readAlerts()
const names = alerts.map(({ alert }) => alert)
const known = documentedMetrics()
const played = globSync('test/alerts/*.yaml').flatMap(path => {
  const { tests }: Tests = parse(readFileSync(path, 'utf8'))
  return tests
})

test('each alert has a paragraph, and each paragraph an alert', () => {
  const page = readFileSync('docs/alerts.md', 'utf8')
  const paragraphs = [...page.matchAll(/^### (\S+)\n\n(\S.{60,})$/gm)].map(([, title = '']) => title)
  expect(paragraphs).toEqual(names)
  expect(new Set(names).size).toBe(names.length)
})

test('each alert says how bad it is, what it is, and where to read', () => {
  const wrong = alerts.filter(
    ({ alert, labels, annotations: { summary = '', description = '', runbook_url = '' } }) =>
      !['critical', 'warning', 'info'].includes(labels['severity'] ?? '') ||
      !summary.endsWith('.') ||
      !description.endsWith('.') ||
      runbook_url !== `docs/alerts.md#${alert.toLowerCase()}`,
  )
  expect(wrong).toEqual([])
})

test('each alert is played once so that it fires and once so that it does not', () => {
  const outcomes = played.flatMap(({ alert_rule_test: all }) =>
    all.map(({ alertname, exp_alerts }) => `${alertname} ${exp_alerts === undefined ? 'quiet' : 'fires'}`),
  )
  expect(outcomes.toSorted()).toEqual(names.flatMap(name => [`${name} fires`, `${name} quiet`]).toSorted())
})

test('alerts, panels and the series that alerts are played with ask for nothing but what is documented', () => {
  const asked = [
    ...uses().map(({ name, expr }) => ({ name, expr })),
    ...played.flatMap(({ name, input_series }) => input_series.map(({ series }) => ({ name, expr: series }))),
  ]
  expect(asked.length).toBeGreaterThan(100)
  const wrong = asked.flatMap(({ name, expr }) =>
    problemsOf(expr, known).map(problem => `${name}: ${problem}`),
  )
  expect(wrong).toEqual([])
})

describe('a query is refused', () => {
  test.each([
    ['sum(dask_cloud_operator_machine{state="stranger"})', 'dask_cloud_operator_machine is not served'],
    ['sum(dask_cloud_operator_machines{stat="stranger"})', 'dask_cloud_operator_machines has no label stat'],
    ['dask_cloud_operator_machines{state="strange"}', 'dask_cloud_operator_machines: state is never strange'],
    [
      'dask_cloud_operator_machines{state=~"leaving|stoped"}',
      'dask_cloud_operator_machines: state is never stoped',
    ],
    ['sum by (clouds) (dask_cloud_operator_machines)', 'no metric of it has the label clouds'],
    [
      'rate(workqueue_queue_duration_seconds_bucke[5m])',
      'workqueue_queue_duration_seconds_bucke is not served',
    ],
    ['workqueue_depth_count', 'workqueue_depth_count is not served'],
    [
      'dask_cloud_operator_conditions{reason="NoSuch"}',
      'dask_cloud_operator_conditions: reason is never NoSuch',
    ],
    ['sum by (le) (workqueue_depth)', 'no metric of it has the label le'],
    ['sum(', 'is no PromQL at 4: sum('],
  ])('%s', (expression, problem) => {
    expect(problemsOf(expression, known)).toEqual([problem])
  })
})
