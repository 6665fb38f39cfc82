import { readFileSync } from 'node:fs'
import { classColumns, classDescription, classNameRule, classStatus } from '../../src/api/class-crd.ts'
import { classSpec } from '../../src/api/class-schema.ts'
import * as names from '../../src/api/names.ts'
import { sectionsOf } from './fields.ts'
import { columnRow } from './page.ts'
import { escaped, statusSection, table } from './tables.ts'

/** `docs/reference/daskcloudclass.md`: all that the class has, as the schema has it. The clouds' own settings are on the cluster's page. */
export const classPage = (): string =>
  [head(), metadata(), specPart(), statusPart(), views(), example()].join('\n\n')

const head = (): string => `# ${names.classKind}

<!-- Generated from src/api by \`npm run generate\`. Do not edit: \`npm run verify\` compares. -->

\`${names.apiVersion}\`, of the whole cluster. kubectl knows it as \`${names.classPlural}\`, \`${names.classSingular}\` and
\`${names.classShortName}\`. How to use it: [Self-service](../self-service.md). The same in a terminal: \`kubectl explain ${names.classShortName}.spec --recursive\`.

${escaped(classDescription)}`

const metadata = (): string => `## metadata

\`metadata.name\` ${escaped(classNameRule.message.replace(/^metadata\.name /, ''))}.`

/** The clouds' settings are those of a cluster. */
const isTold = ({ path }: { readonly path: string }): boolean => !path.startsWith('spec.cloud')

const specPart = (): string => `## spec

\`spec.cloud\` is that of a cluster, with all its settings: [spec.cloud](${names.singular}.md#speccloud). The tags or labels that it gives are on every machine of the class's clusters, which cannot change them.

${sectionsOf('spec', classSpec.openApi).filter(isTold).map(statusSection).join('\n\n')}`

const statusPart = (): string => `## status

Written by the operator alone. What the conditions say: [Self-service](../self-service.md#whether-a-class-works).

${sectionsOf('status', classStatus.openApi).map(statusSection).join('\n\n')}`

const views = (): string => `## Printer columns

What \`kubectl get ${names.classShortName}\` shows; *wide* stands for \`-o wide\` alone.

${table(['column', 'type', 'shown', 'path', 'what it is'], classColumns.map(columnRow))}`

const example = (): string => `## Example

\`deploy/samples/class-aws.yaml\`:

\`\`\`yaml
${readFileSync(new URL('../../deploy/samples/class-aws.yaml', import.meta.url), 'utf8')
  .replaceAll(/^#.*\n/gm, '')
  .trimEnd()}
\`\`\`
`
