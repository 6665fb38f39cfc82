import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Call } from '../../src/lib/call.ts'
import { wait } from '../../src/lib/wait.ts'
import { type ControlPlane, startControlPlane } from '../controlplane/index.ts'
import { Watchdog } from '../controlplane/process.ts'
import { pythonLines, type User } from './client.ts'
import { Machines } from './machines.ts'
import { Operator } from './operator.ts'
import { Patience } from './patience.ts'
import { Story } from './story.ts'
import type { Timeline } from './timeline.ts'
import { View } from './view.ts'

const root = join(import.meta.dirname, '..', '..')
const sample = join(root, 'deploy', 'samples', 'demo.yaml')
const cluster = { namespace: 'default', name: 'demo' }
const operatorNamespace = 'dask-cloud-operator'
const startMs = 60_000

export interface Playing {
  readonly timeline: Timeline
  /** Whether everything stays after the result, until the signal. */
  readonly keep: boolean
}

/** The whole demo. However it ends, it ends with everything stopped and removed that it started and made. */
export async function play({ timeline, keep }: Playing, call: Call): Promise<void> {
  await using open = new AsyncDisposableStack()
  timeline.section('A Kubernetes API server and the operator, on this computer')
  const directory = await home(open)
  const plane = await controlPlane(timeline, open, call)
  const { operator, machines } = await operate(plane, directory, open)
  const patience = new Patience(operator, timeline)
  const leads = async (): Promise<true | undefined> =>
    /\bready\b/.test(await operator.said()) ? true : undefined
  await patience.until('the operator to lead', startMs, leads, call)
  timeline.step('operator', 'leads and watches, with --allow-clouds local')
  const view = open.use(new View(plane, cluster))
  const kubectl = (args: readonly string[]): Promise<string> => stoppable(plane.kubectl(args), call)
  const story = new Story({ kubectl, view, machines, patience, timeline, directory, sample })
  const ready = await story.rise(call)
  const user = await story.use(ready, call)
  if (keep) await stay(plane, user, timeline, call)
  await story.fall(ready, call)
  const exit = await operator.stop()
  if (exit !== 'exit code 0') throw await patience.failure(`the operator ended with ${exit}`)
  await open.disposeAsync()
  timeline.step('stopped', 'the operator and the API server; their files are removed')
}

/** A folder for everything. If this process is killed, the watchdog takes it away, and machines end with their folders. */
async function home(open: AsyncDisposableStack): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'dask-demo-'))
  open.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }))
  return directory
}

async function controlPlane(
  timeline: Timeline,
  open: AsyncDisposableStack,
  { signal }: Call,
): Promise<ControlPlane> {
  const plane = open.use(await startControlPlane({ signal, progress: line => timeline.note(line) }))
  signal.throwIfAborted()
  const version = await plane.kubectl(['get', '--raw', '/version'])
  timeline.step('API server', `Kubernetes ${/"gitVersion": "(\S+)"/.exec(version)?.[1]} answers`)
  const crds = join(root, 'crds')
  await stoppable(plane.kubectl(['apply', '-f', crds]), { signal })
  await stoppable(plane.kubectl(['wait', '--for=condition=Established', '--timeout=60s', '-f', crds]), {
    signal,
  })
  await stoppable(plane.kubectl(['create', 'namespace', operatorNamespace]), { signal })
  timeline.step('CRD', 'DaskCloudCluster is established')
  return plane
}

interface Running {
  readonly operator: Operator
  readonly machines: Machines
}

async function operate(
  { kubeconfig }: ControlPlane,
  directory: string,
  open: AsyncDisposableStack,
): Promise<Running> {
  const watchdog = new Watchdog(directory)
  open.defer(() => watchdog.dismiss())
  const operator = new Operator({ kubeconfig, namespace: operatorNamespace, directory })
  watchdog.tell(`+ ${operator.pid}`)
  const machines = new Machines(operator.stateDirectory)
  open.defer(() => machines.end())
  open.defer(async () => void (await operator.stop()))
  return { operator, machines }
}

/** Ends with the signal, and only so. */
async function stay(
  { kubeconfig, kubectlCommand }: ControlPlane,
  user: User,
  timeline: Timeline,
  call: Call,
): Promise<void> {
  const kubectl = kubectlCommand.join(' ')
  const lines = [
    '',
    'Everything runs until Ctrl-C. In another terminal:',
    '',
    `  export KUBECONFIG=${kubeconfig}`,
    `  ${kubectl} get dcc -o wide`,
    `  ${kubectl} scale dcc/demo --replicas=6`,
    `  ${kubectl} describe dcc/demo`,
    '',
    `  ${user.python}`,
    ...pythonLines(user).map(line => `  >>> ${line}`),
    '',
  ]
  for (const line of lines) timeline.plain(line)
  for (;;) await wait(2_147_483_647, call)
}

/** The work is not ended by the signal, but nobody waits for it any more. */
function stoppable<T>(work: Promise<T>, { signal }: Call): Promise<T> {
  const stopped = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  return Promise.race([work, stopped])
}
