import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { rows } from '../chart/panels.ts'
import { chartPath } from '../chart/place.ts'
import { parseQuery } from '../promql.ts'

export interface Alert {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

interface Rules {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Alert[] }[]
}

export function readAlerts(): readonly Alert[] {
  const { groups }: Rules = parse(readFileSync(chartPath('rules/alerts.yaml'), 'utf8'))
  return groups.flatMap(({ rules }) => rules)
}

/** An expression, and where it stands. */
export interface Use {
  readonly kind: 'alert' | 'panel'
  readonly name: string
  readonly expr: string
}

export const uses = (): readonly Use[] => [
  ...readAlerts().map(({ alert, expr }) => ({ kind: 'alert' as const, name: alert, expr })),
  ...rows.flatMap(({ panels }) =>
    panels.flatMap(({ title, queries }) =>
      queries.map(({ expr }) => ({ kind: 'panel' as const, name: title, expr })),
    ),
  ),
]

/** The metric that a part of a histogram belongs to, where there is such a histogram. */
export function metricOf(name: string, histograms: ReadonlySet<string>): string {
  const [, base = name] = /^(\w+)_(?:bucket|count|sum)$/.exec(name) ?? []
  return histograms.has(base) ? base : name
}

/** Who asks for each metric: names of alerts and titles of panels. */
export function usesByMetric(histograms: ReadonlySet<string>): ReadonlyMap<string, ReadonlySet<Use>> {
  const found = new Map<string, Map<string, Use>>()
  for (const use of uses()) {
    for (const { metric } of parseQuery(use.expr).selectors) {
      const name = metricOf(metric, histograms)
      const known = found.get(name) ?? new Map<string, Use>()
      found.set(name, known.set(`${use.kind} ${use.name}`, use))
    }
  }
  return new Map([...found].map(([name, all]) => [name, new Set(all.values())]))
}
