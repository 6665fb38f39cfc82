import { readFileSync } from 'node:fs'
import { spec } from '../../src/api/cluster-schema.ts'
import { columns, description, nameRule, scalePaths } from '../../src/api/crd.ts'
import * as names from '../../src/api/names.ts'
import { status } from '../../src/api/status-schema.ts'
import { secretLabels } from '../../src/pki/secret.ts'
import { sectionsOf } from './fields.ts'
import { escaped, specSection, statusSection, table } from './tables.ts'
import { annotationWords, effects, labelWords, type Mark, secretLabelWords } from './words.ts'

const { shortName } = names

/** `docs/reference/daskcloudcluster.md`: all that the custom resource has, as the schema has it. */
export const referencePage = (): string =>
  [head(), metadata(), specPart(), statusPart(), conditionsPart(), views(), example()].join('\n\n')

const head = (): string => `# ${names.kind}

<!-- Generated from src/api by \`npm run generate\`. Do not edit: \`npm run verify\` compares. -->

\`${names.apiVersion}\`, namespaced. kubectl knows it as \`${names.plural}\`, \`${names.singular}\`, \`${shortName}\` and, with all that is of
Dask, \`${names.category}\`. How to use it: [The custom resource](../custom-resource.md). The same in a terminal: \`kubectl explain ${shortName}.spec --recursive\`.

${escaped(description)}

[metadata](#metadata) · [spec](#spec) · [status](#status) · [conditions](#conditions) · [printer columns](#printer-columns) · [subresources](#subresources) · [example](#example)`

const metadata = (): string => `## metadata

\`metadata.name\` ${escaped(nameRule.message.replace(/^metadata\.name /, ''))}.

Labels and annotations of your own change nothing. These mean something:

${marks()}

\`${names.finalizer}\` is the operator's finalizer: it is there for as long as the cluster may have machines, addresses or keys. Do not take it away by hand.`

const specPart = (): string => `## spec

What a change of a field does:

${Object.entries(effects)
  .map(([word, sentence]) => `- **${word}**: ${sentence}`)
  .join('\n')}

${sectionsOf('spec', spec.openApi).map(specSection).join('\n\n')}`

const statusPart = (): string => `## status

Written by the operator alone. Counts are written at most every 10 seconds, conditions at once.

${sectionsOf('status', status.openApi).map(statusSection).join('\n\n')}`

const conditionsPart = (): string => `## Conditions

In \`status.conditions\`, one of each type at most. Reasons and what to do: [Troubleshooting](../troubleshooting.md).

${table(['type', 'what it says'], conditions().map(conditionRow))}`

const views = (): string => `## Printer columns

What \`kubectl get ${shortName}\` shows; *wide* stands for \`-o wide\` alone.

${table(['column', 'type', 'shown', 'path', 'what it is'], columns.map(columnRow))}

## Subresources

- \`status\`: what the operator writes. A write to the resource itself leaves it as it is.
- \`scale\`: \`kubectl scale\` and autoscalers read and write \`${scalePaths.specReplicasPath.slice(1)}\`, and read \`${scalePaths.statusReplicasPath.slice(1)}\` and
  \`${scalePaths.labelSelectorPath.slice(1)}\`.`

const example = (): string => `## Example

\`deploy/samples/simulated.yaml\`:

\`\`\`yaml
${fileOf('deploy/samples/simulated.yaml')
  .replaceAll(/^#.*\n/gm, '')
  .trimEnd()}
\`\`\`

\`\`\`sh
kubectl wait --for=condition=Ready ${shortName}/simulated --timeout=2m
kubectl scale ${shortName}/simulated --replicas=20
kubectl patch ${shortName}/simulated --type=merge -p '{"spec":{"suspend":true}}'
kubectl annotate ${shortName}/simulated ${names.annotations.restart}="$(date +%s)" --overwrite
\`\`\`
`

function marks(): string {
  const rows = [
    ...Object.entries(annotationWords).map(markRow('annotation', names.annotations)),
    ...Object.entries(labelWords).map(markRow('label', names.labels)),
    ...Object.entries(secretLabelWords).map(markRow('label', secretLabels)),
  ]
  return table(['name', 'kind', 'set by', 'value', 'what it does'], rows)
}

const markRow =
  (kind: string, written: Readonly<Record<string, string>>) =>
  ([key, { by, value, what }]: readonly [string, Mark]): readonly string[] => [
    `\`${written[key]}\``,
    kind,
    by,
    value,
    what,
  ]

const fileOf = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

/** The chapters that the page on troubleshooting begins with, each with its first sentence. */
export function conditions(): readonly (readonly [type: string, what: string])[] {
  const chapters = fileOf('docs/troubleshooting.md').split(/^## /m).slice(1)
  const others = chapters.findIndex(chapter => !/^[A-Z]\w+\n/.test(chapter))
  return chapters.slice(0, others).map(chapter => {
    const [type = '', paragraph = ''] = chapter.split('\n\n')
    const [sentence = ''] = paragraph.replaceAll('\n', ' ').split(/(?<=\.) /)
    return [type, sentence.trim()]
  })
}

const conditionRow = ([type, what]: readonly [string, string]): readonly string[] => [
  `[\`${type}\`](../troubleshooting.md#${type.toLowerCase()})`,
  what,
]

interface Column {
  readonly name: string
  readonly type: string
  readonly jsonPath: string
  readonly description: string
}

export function columnRow({ name, type, jsonPath, description: what, ...rest }: Column): readonly string[] {
  return [name, type, 'priority' in rest ? 'wide' : 'always', `\`${jsonPath.slice(1)}\``, what]
}
