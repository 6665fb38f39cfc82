import { parser } from '@prometheus-io/lezer-promql'

/** What one part of an expression takes: a metric, and what it asks of its labels. */
export interface Selector {
  readonly metric: string
  readonly matchers: readonly Matcher[]
}

export interface Matcher {
  readonly label: string
  readonly operator: string
  readonly value: string
}

export interface Query {
  readonly selectors: readonly Selector[]
  /** Labels that groupings and joins name: `by (le)`, `on (cloud)`. */
  readonly labels: readonly string[]
}

/** Reads an expression as Prometheus does; `$__rate_interval` and the like stand for a time. Throws where it is none. */
export function parseQuery(expression: string): Query {
  const text = expression.replaceAll(/\$__\w+/g, '5m')
  const selectors: { metric: string; matchers: Matcher[] }[] = []
  const labels: string[] = []
  const within: string[] = []
  parser.parse(text).iterate({
    enter({ type, from, to }) {
      const word = text.slice(from, to)
      if (type.isError) throw new Error(`is no PromQL at ${from}: ${expression}`)
      const above = within.at(-1) ?? ''
      within.push(type.name)
      if (type.name === 'VectorSelector') selectors.push({ metric: '', matchers: [] })
      const selector = selectors.at(-1)
      if (above === 'GroupingLabels') labels.push(word)
      if (selector === undefined) return
      if (type.name === 'Identifier' && above === 'VectorSelector') selector.metric = word
      if (above === 'LabelMatchers') selector.matchers.push(matcherOf(word))
    },
    leave() {
      within.pop()
    },
  })
  return { selectors, labels }
}

function matcherOf(word: string): Matcher {
  const [, label = '', operator = '', quoted = ''] = /^(\w+)\s*(=~|!~|!=|=)\s*(.*)$/s.exec(word) ?? []
  return { label, operator, value: quoted.slice(1, -1) }
}
