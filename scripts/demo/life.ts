import { join } from 'node:path'
import type { Call } from '../../src/lib/call.ts'
import { wait } from '../../src/lib/wait.ts'
import { pythonLines, type User } from './client.ts'
import type { Scene } from './scene.ts'
import { Story } from './story.ts'
import type { Timeline } from './timeline.ts'
import { View } from './view.ts'

const file = join('deploy', 'samples', 'demo.yaml')
const sample = join(import.meta.dirname, '..', '..', file)

/** One cluster's whole life, with real Dask processes of this computer. */
export async function playLife(
  { ground, staff, timeline, directory, keep }: Scene,
  call: Call,
): Promise<void> {
  const { kube, kubectl, operatorNamespace, tenants } = ground
  const [namespace = 'default'] = tenants
  const view = new View(kube, { namespace, name: 'demo', operatorNamespace })
  const sampleWords = `${namespace === 'default' ? '' : `-n ${namespace} `}-f ${file}`
  const { machines, patience } = staff
  const story = new Story({ kubectl, view, machines, patience, timeline, directory, sample, sampleWords })
  const ready = await story.rise(call)
  const user = await story.use(ready, call)
  if (keep) await stay(timeline, lines(ground, namespace, user), call)
  await story.fall(ready, call)
}

function lines(
  { kubeconfig, kubectlWords }: Scene['ground'],
  namespace: string,
  user: User,
): readonly string[] {
  const kubectl = [...kubectlWords, ...(namespace === 'default' ? [] : ['-n', namespace])].join(' ')
  return [
    `  export KUBECONFIG=${kubeconfig}`,
    `  ${kubectl} get dcc -o wide`,
    `  ${kubectl} scale dcc/demo --replicas=6`,
    `  ${kubectl} describe dcc/demo`,
    '',
    `  ${user.python}`,
    ...pythonLines(user).map(line => `  >>> ${line}`),
  ]
}

/** Ends with the signal, and only so. */
export async function stay(timeline: Timeline, said: readonly string[], call: Call): Promise<never> {
  for (const line of ['', 'Everything runs until Ctrl-C. In another terminal:', '', ...said, ''])
    timeline.plain(line)
  for (;;) await wait(2_147_483_647, call)
}
