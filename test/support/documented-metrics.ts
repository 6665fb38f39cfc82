import { readFileSync } from 'node:fs'
import { type Documented, documented } from '../../scripts/metrics/page.ts'
import { metricOf } from '../../scripts/metrics/uses.ts'
import type { Sample } from './exposition.ts'
import type { Known, KnownLabels } from './query-check.ts'

export const histogramsOf = (all: readonly Documented[]): ReadonlySet<string> =>
  new Set(all.filter(({ type }) => type === 'histogram').map(({ name }) => name))

const titles = (level: string): ReadonlySet<string> =>
  new Set(
    [...readFileSync('docs/troubleshooting.md', 'utf8').matchAll(new RegExp(`^${level} (.+)$`, 'gm'))].map(
      ([, title = '']) => title,
    ),
  )

/** The words that conditions are made of stand in the headings of docs/troubleshooting.md; Ready says whose reason it is. */
export function documentedMetrics(): Known {
  const all = documented()
  const reasons = [...titles('###')].flatMap(each => [each, `Scheduler${each}`, `Workers${each}`])
  const ofConditions: KnownLabels = new Map([
    ['type', titles('##')],
    ['status', new Set(['True', 'False', 'Unknown'])],
    ['reason', new Set(reasons)],
  ])
  const metrics = all.map(({ name, words }): [string, KnownLabels] => [
    name,
    new Map(Object.entries(words.labels).map(([label, { values }]) => [label, values && new Set(values)])),
  ])
  return {
    metrics: new Map(metrics)
      .set('dask_cloud_operator_conditions', ofConditions)
      .set('dask_cloud_operator_clusters', new Map([['state', new Set(reasons)]])),
    histograms: histogramsOf(all),
  }
}

/** Labels and values that the page does not have, in words. */
export function strangeIn(samples: readonly Sample[]): readonly string[] {
  const { metrics, histograms } = documentedMetrics()
  const odd = samples.flatMap(({ name, labels }) => {
    const of = metrics.get(metricOf(name, histograms))
    const names = [...(of?.keys() ?? []), ...(name.endsWith('_bucket') ? ['le'] : [])].toSorted()
    if (names.join() !== Object.keys(labels).toSorted().join()) return [`${name} has other labels`]
    const strange = Object.entries(labels).filter(([label, value]) => of?.get(label)?.has(value) === false)
    return strange.map(([label, value]) => `${name}: ${label}="${value}"`)
  })
  return [...new Set(odd)]
}
