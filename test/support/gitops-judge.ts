import { readFileSync } from 'node:fs'
import { runTool } from '../../scripts/chart-tools/index.ts'
import { findGitopsTools } from '../../scripts/gitops-tools/index.ts'
import { record } from '../../src/lib/parse.ts'
import { applicable, examplesIn } from './examples.ts'

/** What Argo CD's script says of a resource, what kstatus does, and what Flux does with the expressions of the page. */
export interface Judgement {
  readonly argo: string
  readonly message: string
  readonly kstatus: string
  readonly flux: string
}

const page = 'docs/gitops.md'
const script = 'resource.customizations.health.cloud.dask.org_DaskCloudCluster'

/** By what the page of GitOps shows, run by the programs' own parts; undefined where there is no Go to build them with. */
export async function judgements(objects: readonly unknown[]): Promise<readonly Judgement[] | undefined> {
  const program = await findGitopsTools({
    signal: AbortSignal.timeout(500_000),
    progress: line => console.error(line),
  })
  if (program === undefined) return undefined
  const shown = examplesIn(page, readFileSync(page, 'utf8')).map(applicable)
  const [argo, flux] = ['ConfigMap', 'Kustomization'].map(kind => shown.find(each => each.kind === kind))
  const lua = record(record(argo, 'ConfigMap')['data'], 'data')[script]
  const input = JSON.stringify({ lua, kustomization: flux, objects })
  const judged: readonly Judgement[] = JSON.parse(await runTool(program, [], { input }))
  return judged
}
