import { metricOf } from '../../scripts/metrics/uses.ts'
import { type Matcher, parseQuery, type Selector } from '../../scripts/promql.ts'

/** What is known of one metric: its labels, each with the values it may have, or undefined where those are open. */
export type KnownLabels = ReadonlyMap<string, ReadonlySet<string> | undefined>

export interface Known {
  readonly metrics: ReadonlyMap<string, KnownLabels>
  readonly histograms: ReadonlySet<string>
}

/** What Prometheus adds to whatever it reads: the target, as the chart's ServiceMonitor has it. */
const ofTarget = ['job', 'instance', 'pod', 'namespace', 'service', 'endpoint', 'container']

/** What an expression asks for and nobody serves, in words; a text that is no PromQL is one of them. */
export function problemsOf(expression: string, { metrics, histograms }: Known): readonly string[] {
  try {
    const { selectors, labels } = parseQuery(expression)
    const served = new Set(selectors.flatMap(({ metric }) => labelsOf(metric)))
    return [
      ...selectors.flatMap(selector => wrongIn(selector)),
      ...labels.filter(label => !served.has(label)).map(label => `no metric of it has the label ${label}`),
    ]
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  }

  function labelsOf(metric: string): readonly string[] {
    const own = metrics.get(metricOf(metric, histograms))
    return [...(own?.keys() ?? []), ...ofTarget, ...(metric.endsWith('_bucket') ? ['le'] : [])]
  }

  function wrongIn({ metric, matchers }: Selector): readonly string[] {
    const own = metrics.get(metricOf(metric, histograms))
    if (own === undefined) return [`${metric} is not served`]
    const known = labelsOf(metric)
    return matchers.flatMap(matcher =>
      known.includes(matcher.label)
        ? strangeIn(matcher, own.get(matcher.label)).map(
            value => `${metric}: ${matcher.label} is never ${value}`,
          )
        : [`${metric} has no label ${matcher.label}`],
    )
  }
}

/** Values that are asked for, or left out, and that there are not; a pattern's are its alternatives. */
function strangeIn({ operator, value }: Matcher, values: ReadonlySet<string> | undefined): readonly string[] {
  if (values === undefined || value.includes('$')) return []
  const asked = operator.endsWith('~') ? value.split('|') : [value]
  return asked.filter(each => ![...values].some(one => new RegExp(`^(?:${each})$`).test(one)))
}
