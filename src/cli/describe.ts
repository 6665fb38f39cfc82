import { kind } from '../api/names.ts'
import { daskProblem, openScheduler } from './client.ts'
import type { SeenCluster } from './cluster.ts'
import { type Desk, defineCommand, switchedOn } from './command.ts'
import { type Description, describeCluster, type Look } from './description.ts'
import { describeTree } from './description-tree.ts'
import { readEvents, type SeenEvent } from './events.ts'
import { CliError, stopped } from './exit.ts'
import { keepDrawing } from './live.ts'
import { type Crew, crewOf } from './workers.ts'

const redrawMs = 2_000

export const describe = defineCommand({
  name: 'describe',
  summary: 'Shows a cluster as a tree: certificates, scheduler, groups, machines, what it waits for and why.',
  description: [
    'Certificates, groups, what it waits for and events come from the API server. The machines that have joined come from Dask itself, asked over mutual TLS with the Secret of the cluster’s client: each with how long its software took and how long Dask took to come up, as the machine tells it. Machines on their way come from status.launches and the counts of each group: what the cloud is asked for, what it made, what is there and has not joined.',
    'What may not be read or cannot be reached is said in its place, and the rest is shown. On a terminal, --watch draws it anew every two seconds until Ctrl-C. What each reason means is in docs/troubleshooting.md. It needs the right to get the cluster; to list events and get the Secret for what comes from there.',
  ],
  positionals: [{ name: 'NAME' }],
  options: {
    watch: switchedOn('Draws it anew, until Ctrl-C; for a terminal.'),
    offline: switchedOn('Asks the API server alone, not Dask.'),
  },
  examples: [
    { line: 'describe demo', does: 'shows it once' },
    { line: 'describe demo --watch', does: 'looks on while it starts' },
    { line: "describe demo -o json | jq '.waitsFor'", does: 'what it waits for, for a program' },
  ],
  async run({ values, words: [name = ''] }, desk) {
    const { screen } = desk
    if (values.watch && screen.isLive) {
      await keepDrawing(desk, redrawMs, async () => textOf(await look(name, values, desk), desk))
      return stopped
    }
    screen.show(await look(name, values, desk), told => textOf(told, desk))
    return 0
  },
})

const textOf = (told: Description, { screen }: Desk): string => describeTree(told, Date.now(), screen)

async function look(
  name: string,
  { offline }: { readonly offline: boolean },
  desk: Desk,
): Promise<Description> {
  const kubernetes = await desk.kubernetes()
  const cluster = await kubernetes.cluster(name, desk.call)
  const [crew, events] = await Promise.all([
    offline ? unasked : seenOr(() => crewIn(cluster, desk)),
    seenOr(() => eventsOf(cluster, desk)),
  ])
  return describeCluster({ cluster, crew, events })
}

const unasked: Look<Crew> = { kind: 'unseen', problem: 'Dask was not asked (--offline)' }

/** One look that fails must not hide the others. */
async function seenOr<T>(work: () => Promise<T>): Promise<Look<T>> {
  try {
    return { kind: 'seen', seen: await work() }
  } catch (error) {
    if (error instanceof CliError) return { kind: 'unseen', problem: error.message }
    throw error
  }
}

async function crewIn(cluster: SeenCluster, desk: Desk): Promise<Crew> {
  using connection = await openScheduler(cluster, desk)
  try {
    return await crewOf(connection, desk.call)
  } catch (error) {
    throw daskProblem(error, cluster.status.schedulerAddress ?? '')
  }
}

async function eventsOf({ namespace, name, uid }: SeenCluster, desk: Desk): Promise<readonly SeenEvent[]> {
  const kubernetes = await desk.kubernetes()
  const fields = `regarding.kind=${kind},regarding.name=${name},regarding.uid=${uid}`
  return readEvents(await kubernetes.events(namespace, fields, desk.call))
}
