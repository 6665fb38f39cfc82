import { within } from '../lib/call.ts'
import { duration, words } from '../lib/option-kinds.ts'
import { daskProblem, openScheduler } from './client.ts'
import type { SeenCluster } from './cluster.ts'
import { type Desk, defineCommand, switchedOn } from './command.ts'
import { stopped } from './exit.ts'
import { keepDrawing } from './live.ts'
import { type Load, type Order, ordered, orders, topTable } from './top-table.ts'
import { crewOf, taskStates } from './workers.ts'

const askMs = 15_000

export const top = defineCommand({
  name: 'top',
  summary: 'Shows what each worker does: CPU, memory, tasks.',
  description: [
    'Asks the scheduler over mutual TLS, with the Secret of the cluster’s client. On a terminal it is drawn anew until Ctrl-C; in a pipe, or with --once, it is told once. CPU is in per cent of one core and memory is the process’s, as Dask measures them about once a second; RUN are tasks that run, WAIT those that the worker has and does not run yet, RESULTS what it holds. Memory is yellow from 60 % of its limit on, where Dask begins to write to disk, and red from 80 % on, where it takes no more tasks.',
    'It needs the right to get the cluster and the Secret.',
  ],
  positionals: [{ name: 'NAME' }],
  options: {
    sort: words({ description: 'What comes first.', values: orders, default: 'name' }),
    interval: duration({
      description: 'How often it is drawn.',
      default: 2_000,
      minMs: 500,
      maxMs: 3_600_000,
    }),
    once: switchedOn('Tells it once on a terminal, too.'),
  },
  examples: [
    { line: 'top demo', does: 'looks on' },
    { line: 'top demo --sort memory --once', does: 'the fullest first, once' },
    { line: "top demo -o json | jq '.crew.workers[].memory'", does: 'bytes, for a program' },
  ],
  async run({ values, words: [name = ''] }, desk) {
    const kubernetes = await desk.kubernetes()
    const cluster = await kubernetes.cluster(name, desk.call)
    using connection = await openScheduler(cluster, desk)
    const look = () => loadOf(connection, { cluster, order: values.sort }, desk)
    const textOf = (load: Load): string => topTable(load, Date.now(), desk.screen)
    if (desk.screen.isLive && !values.once) {
      await keepDrawing(desk, values.interval, async () => textOf(await look()))
      return stopped
    }
    desk.screen.show(await look(), textOf)
    return 0
  },
})

async function loadOf(
  connection: Awaited<ReturnType<typeof openScheduler>>,
  { cluster, order }: { readonly cluster: SeenCluster; readonly order: Order },
  desk: Desk,
): Promise<Load> {
  const { name, namespace, status } = cluster
  const address = status.schedulerAddress ?? ''
  const call = within(desk.call, askMs)
  try {
    const crew = await crewOf(connection, call)
    const tasks = await taskStates(connection, call)
    return {
      cluster: name,
      namespace,
      address,
      crew: { ...crew, workers: ordered(crew.workers, order) },
      tasks,
    }
  } catch (error) {
    throw daskProblem(error, address)
  }
}
