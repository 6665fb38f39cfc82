import type { Schema } from './schema.ts'
import { chartSettings } from './settings-schema.ts'
import { readValues, type Value } from './values.ts'
import { schemasByPath } from './values-schema.ts'

/** `deploy/chart/README.md`: every value, from the comments of `values.yaml`. */
export function chartReadme(): string {
  const schemas = schemasByPath()
  const values = readValues()
  // A map whose keys the chart knows is shown key by key; of any other the default is shown.
  const rows = values.filter(({ path }) => {
    const schema = schemas.get(path)
    return schema !== undefined && schema.properties === undefined
  })
  const named = new Set(values.map(({ path }) => path))
  const settings = chartSettings.filter(([key]) => !named.has(`settings.${key}`))
  return `# dask-cloud-operator

<!-- Generated from values.yaml by \`npm run generate\`. Do not edit: \`npm run verify\` compares. -->

The Helm chart of the operator. How to install, upgrade and take it away, and what of it was tried how: [docs/install.md](../../docs/install.md).

\`\`\`sh
helm install dask-cloud-operator deploy/chart --namespace dask-system --create-namespace --set image.repository=registry.example.com/dask-cloud-operator
\`\`\`

Names are those of cert-manager's chart where it has such a value, else of Karpenter's. cert-manager's \`global\` has no part in this: what is below it there
(\`imagePullSecrets\`, \`priorityClassName\`, \`commonLabels\`, \`rbac\`, \`revisionHistoryLimit\`) stands by itself here, as in Karpenter's. A value that is not listed is refused.

## Values

| value | type | what it is | default |
|---|---|---|---|
${rows.map(value => row(value, schemas.get(value.path))).join('\n')}

## Settings

Below \`settings\`, as flags of the operator. [docs/settings.md](../../docs/settings.md) says more of each.

| value | type | what it is | default |
|---|---|---|---|
${settings.map(([key, { description, default: standard, defaultText }]) => cells([`\`settings.${key}\``, typeOf(schemas.get(`settings.${key}`)), description, inChart(key, defaultText ?? String(standard))])).join('\n')}
`
}

/** Where the chart gives a setting of its own, the operator's default is not the one that holds. */
const inChart = (key: string, standard: string): string =>
  ['installation', 'leaseName'].includes(key) ? 'the full name of the release' : standard

function row({ path, comment, standard }: Value, schema: Schema | undefined): string {
  return cells([`\`${path}\``, typeOf(schema), comment, `\`${JSON.stringify(standard)}\``])
}

const cells = (texts: readonly string[]): string =>
  `| ${texts.map(each => each.replaceAll('|', String.raw`\|`)).join(' | ')} |`

function typeOf(schema: Schema | undefined): string {
  if (schema?.enum !== undefined) return schema.enum.map(word => `\`${word || '""'}\``).join(', ')
  if (schema?.type === 'array') return `list of ${plural[typeOf(schema.items)] ?? typeOf(schema.items)}`
  const types = [schema?.type ?? 'any'].flat()
  return types.map(type => words[type] ?? type).join(', ')
}

const words: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'number',
  boolean: 'true or false',
  object: 'map',
  null: 'nothing',
}
const plural: Readonly<Record<string, string>> = { text: 'texts', map: 'maps', 'map, text': 'maps or texts' }
