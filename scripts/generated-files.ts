import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { classCrd } from '../src/api/class-crd.ts'
import { classPolicy } from '../src/api/class-policy.ts'
import { clusterCrd } from '../src/api/crd.ts'
import { classPlural, classSingular, group, plural, singular } from '../src/api/names.ts'
import { chartFiles } from './chart/files.ts'
import { chartPath } from './chart/place.ts'
import { logsPage } from './logs/page.ts'
import { metricsPage } from './metrics/page.ts'
import { pluginPage } from './plugin-page.ts'
import { classPage } from './reference/class-page.ts'
import { referencePage } from './reference/page.ts'
import { settingsPage } from './settings-page.ts'

export interface GeneratedFile {
  readonly path: string
  readonly text: string
}

const header = '# Generated from src/api by `npm run generate`. Do not edit: `npm run verify` compares.\n'

/** What is committed beside the sources it is made from, as it should be. */
export const generatedFiles = (): readonly GeneratedFile[] => [
  ...crds().map(({ name, text }) => ({ path: pathOf(`../crds/${name}`), text })),
  ...chartFiles(crds()),
  { path: chartPath('files/class-policy.yaml'), text: yamlOf(classPolicy()) },
  { path: pathOf('../docs/settings.md'), text: settingsPage() },
  { path: pathOf('../docs/kubectl-daskcloud.md'), text: pluginPage() },
  { path: pathOf('../docs/logs.md'), text: logsPage() },
  { path: pathOf('../docs/reference/metrics.md'), text: metricsPage() },
  { path: pathOf(`../docs/reference/${singular}.md`), text: referencePage() },
  { path: pathOf(`../docs/reference/${classSingular}.md`), text: classPage() },
]

const crds = () => [
  { name: `${group}_${classPlural}.yaml`, text: yamlOf(classCrd()) },
  { name: `${group}_${plural}.yaml`, text: yamlOf(clusterCrd()) },
]

// Folded at a width, and without anchors: schemas share parts, and readers of YAML are not all fond of aliases.
const yamlOf = (value: unknown): string =>
  header + stringify(value, { aliasDuplicateObjects: false, lineWidth: 110 })

const pathOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
