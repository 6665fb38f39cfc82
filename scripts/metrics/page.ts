import { createMetrics, type Declared } from '../../src/telemetry/metrics.ts'
import { type LabelWords, type MetricWords, metricWords } from './labels.ts'
import { fleeting, processLabels, processMetrics } from './process.ts'
import { type Use, usesByMetric } from './uses.ts'

/** All that an operator serves at /metrics, with what its labels may hold. */
export interface Documented extends Declared {
  readonly words: MetricWords
  readonly isOfProcess: boolean
}

/** Throws where a metric has no words, or words have no metric. */
export function documented(): readonly Documented[] {
  const declared = createMetrics().declared()
  const names = new Set(declared.map(({ name }) => name))
  const surplus = Object.keys(metricWords).filter(name => !names.has(name))
  if (surplus.length > 0)
    throw new Error(`scripts/metrics/labels.ts describes no metric: ${surplus.join(', ')}`)
  return [
    ...declared.map(each => ({ ...each, words: wordsOf(each), isOfProcess: false })),
    ...processMetrics.map(each => ({
      ...each,
      words: { labels: processLabels[each.name] ?? {} },
      isOfProcess: true,
    })),
  ]
}

function wordsOf({ name, labels }: Declared): MetricWords {
  const words = metricWords[name]
  const described = Object.keys(words?.labels ?? {})
  if (words === undefined || described.toSorted().join() !== [...labels].toSorted().join())
    throw new Error(
      `${name} has the labels ${labels.join(', ')}: scripts/metrics/labels.ts says nothing of that`,
    )
  return words
}

/** `docs/reference/metrics.md`. */
export function metricsPage(): string {
  const all = documented()
  const histograms = new Set(all.filter(({ type }) => type === 'histogram').map(({ name }) => name))
  const used = usesByMetric(histograms)
  const own = all.filter(each => !each.isOfProcess)
  const chapters = [
    { title: 'Clusters, clouds and watches', of: own.filter(({ name }) => name.startsWith('dask_')) },
    { title: 'Passes, queue and requests', of: own.filter(({ name }) => !name.startsWith('dask_')) },
  ]
  return `# Metrics

<!-- Generated from src/telemetry/metrics.ts and scripts/metrics by \`npm run generate\`. Do not edit: \`npm run verify\` compares. -->

What the operator serves at \`/metrics\`, as text of Prometheus. \`npm test -- integration -- metrics.test\` compares this page with what a running operator serves: neither has a metric, a type, a label or
a value that the other lacks. Passes, queue and requests carry the names of controller-runtime and client-go, so that their dashboards work.

Samples are of one process: sum them over the replicas, of which those that do not lead count nothing but requests. Counters begin at 0 with the process.
${chapters.map(({ title, of }) => `\n## ${title}\n\n${of.map(each => chapterOf(each, used.get(each.name))).join('\n')}`).join('')}
## The process

As prom-client measures it, on Linux. Of ${fleeting.map(name => `\`${name}\``).join(', ')} there are samples only while there is such a thing.

| metric | type | what it tells | used by |
|---|---|---|---|
${all
  .filter(each => each.isOfProcess)
  .map(each => rowOf(each, used.get(each.name)))
  .join('\n')}
`
}

function chapterOf(metric: Documented, used: ReadonlySet<Use> | undefined): string {
  const { name, type, help, words } = metric
  const labels = Object.entries(words.labels).map(labelRow)
  const from = words.from === undefined ? '' : ` There is no sample before ${words.from}.`
  const table =
    labels.length === 0 ? '' : `\n| label | what it is | values |\n|---|---|---|\n${labels.join('\n')}\n`
  return `### ${name}

${[help, words.more].filter(text => text !== undefined).join(' ')}${from}

${titled(type)}${unitOf(name)}${seriesOf(metric)}. ${usedBy(used)}
${table}`
}

const titled = (word: string): string => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`

const units = { seconds: 'seconds', bytes: 'bytes', ms: 'milliseconds' } as const

function unitOf(name: string): string {
  const unit = Object.entries(units).find(([suffix]) =>
    name.replace(/_total$/, '').endsWith(`_${suffix}`),
  )?.[1]
  return unit === undefined ? '' : ` in ${unit}`
}

/** How many series one process can have of it, where every label's values are known. */
function seriesOf({ words, type }: Documented): string {
  const labels = Object.values(words.labels)
  if (labels.some(({ values }) => values === undefined)) return ''
  const most = labels.reduce((product, { values = [] }) => product * values.length, 1)
  return `, at most ${most} ${most === 1 ? 'set' : 'sets'} of labels${type === 'histogram' ? ', each with its buckets' : ''}`
}

function labelRow([name, { what, values, bound }]: readonly [string, LabelWords]): string {
  const said = values?.map(value => `\`${value}\``).join(', ') ?? bound ?? ''
  return `| \`${name}\` | ${what} | ${said} |`
}

function usedBy(used: ReadonlySet<Use> | undefined): string {
  if (used === undefined) return 'No alert and no panel uses it.'
  const alerts = [...used].filter(({ kind }) => kind === 'alert').map(({ name }) => alertLink(name))
  const panels = [...used].filter(({ kind }) => kind === 'panel').map(({ name }) => `“${name}”`)
  const said = [
    alerts.length === 0 ? '' : `alerts ${alerts.join(', ')}`,
    panels.length === 0 ? '' : `panels ${panels.join(', ')}`,
  ]
  return `Used by ${said.filter(text => text !== '').join('; ')}.`
}

const alertLink = (name: string): string => `[${name}](../alerts.md#${name.toLowerCase()})`

function rowOf({ name, type, help, words }: Documented, used: ReadonlySet<Use> | undefined): string {
  const labels = Object.keys(words.labels)
  const shown = labels.length === 0 ? name : `${name}{${labels.join(',')}}`
  return `| \`${shown}\` | ${type} | ${help} | ${used === undefined ? '' : usedBy(used).replace(/^Used by |\.$/g, '')} |`
}
