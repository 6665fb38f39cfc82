import { findChartTools, NoChartTools, runTool } from '../chart-tools/index.ts'
import type { GeneratedFile } from '../generated-files.ts'
import { chartPath, rootPath } from './place.ts'

interface Manifest {
  readonly file: string
  readonly head: string
  /** `--set`, each. */
  readonly values: readonly string[]
}

const namespace = 'dask-system'
const generated = 'Rendered from deploy/chart by `npm run generate`. Do not edit: `npm run verify` compares.'

const manifests: readonly Manifest[] = [
  {
    file: 'operator.yaml',
    head: `The operator in a cluster, without Helm: apply crds/ first, and put your image in.
${generated}
test/integration/operator-rights.test.ts takes a cluster through its life with these rights alone.`,
    values: [],
  },
  {
    file: 'operator-namespaced.yaml',
    head: `The operator for the clusters of some namespaces, here team-a and team-b, with no cluster role: Roles in those and in its own are all it has.
They must be there first, as crds/ must; put your image in. Another namespace is one more Role, one more RoleBinding, and one more name behind --watch-namespaces.
${generated}`,
    values: ['watchNamespaces={team-a,team-b}'],
  },
]

/** `deploy/manifests`, rendered with Helm; why not, where it cannot be had. */
export async function manifestFiles(): Promise<readonly GeneratedFile[] | string> {
  try {
    const { helm } = await findChartTools({ signal: AbortSignal.timeout(deadlineMs), progress })
    return await Promise.all(manifests.map(each => rendered(helm, each)))
  } catch (error) {
    if (error instanceof NoChartTools) return error.message
    throw error
  }
}
const deadlineMs = 30 * 60_000
const progress = (line: string): void => console.error(line)

async function rendered(helm: string, { file, head, values }: Manifest): Promise<GeneratedFile> {
  const sets = ['crds.enabled=false', 'settings.allowClouds={simulated}', ...values].flatMap(each => [
    '--set',
    each,
  ])
  const args = ['template', 'dask-cloud-operator', chartPath(''), '--namespace', namespace, ...sets]
  const text = await runTool(helm, args)
  const comment = head.split('\n').map(line => `# ${line}\n`)
  return {
    path: rootPath(`deploy/manifests/${file}`),
    text: `${comment.join('')}${home}${withoutHelm(text)}`,
  }
}

const home = `apiVersion: v1
kind: Namespace
metadata:
  name: ${namespace}
  labels:
    # What the operator's pods keep to.
    pod-security.kubernetes.io/enforce: restricted
`

/** Nobody but Helm may say that it manages an object. */
const withoutHelm = (text: string): string =>
  text
    .split('\n')
    .filter(line => !/^# Source: |^ +(?:helm\.sh\/chart|app\.kubernetes\.io\/managed-by): /.test(line))
    .join('\n')
    .replaceAll(/\n+---/g, '\n---')
    .replaceAll(/---\n+/g, '---\n')
    .trimEnd()
    .concat('\n')
