import type { GeneratedFile } from '../generated-files.ts'
import { dashboard } from './dashboard.ts'
import { chartPath } from './place.ts'
import { chartReadme } from './readme.ts'
import { valuesSchema } from './values-schema.ts'

/** What is generated in the chart without Helm. Helm packs nothing that is outside its folder, so the CRDs are copied into it. */
export const chartFiles = (
  crds: readonly { readonly name: string; readonly text: string }[],
): readonly GeneratedFile[] => [
  ...crds.map(({ name, text }) => ({ path: chartPath(`files/crds/${name}`), text })),
  { path: chartPath('values.schema.json'), text: valuesSchema() },
  { path: chartPath('dashboards/dask-cloud-operator.json'), text: dashboard() },
  { path: chartPath('README.md'), text: chartReadme() },
]
