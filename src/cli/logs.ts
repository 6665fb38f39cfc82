import { kind } from '../api/names.ts'
import type { SchedulerConnection } from '../dask/connection.ts'
import { within } from '../lib/call.ts'
import { integer } from '../lib/option-kinds.ts'
import { wait } from '../lib/wait.ts'
import { daskProblem, openScheduler } from './client.ts'
import type { SeenCluster } from './cluster.ts'
import { type Desk, defineCommand, switchedOn } from './command.ts'
import { byTime, type LogEntry, type Range, schedulerLogs, workerLogs } from './dask-logs.ts'
import { readEvents } from './events.ts'
import { CliError, stopped } from './exit.ts'
import type { Screen, Style } from './screen.ts'
import { crewOf } from './workers.ts'

const everyMs = 1_000
const askMs = 15_000

export const logs = defineCommand({
  name: 'logs',
  summary: 'Shows what Dask has logged, and the last words of machines that never came up.',
  description: [
    'Without MACHINE: the scheduler’s log. MACHINE is `scheduler`, or a worker as describe and top name it, with or without its `w-`; --all is the scheduler and all workers, each line with the name of its machine in front. These are the lines that Dask keeps in memory (distributed.admin.log-length), asked for over mutual TLS with the Secret of the cluster’s client; what tasks print is not among them.',
    'The console of a machine is the cloud’s, and takes the cloud’s credentials to read. Where Dask never came up on a machine, the operator has read its end before the machine was ended, into the event NotStarted, which Kubernetes keeps for about an hour: it is shown first, without MACHINE, also where there is no scheduler that could be asked. Control characters are taken out of what is shown.',
    'With --follow new lines are shown as they come, until Ctrl-C; with -o json each as a document of its own line. It needs the right to get the cluster and the Secret, and to list events for consoles.',
  ],
  positionals: [{ name: 'NAME' }, { name: 'MACHINE', isOptional: true }],
  options: {
    all: switchedOn('The scheduler and all workers.'),
    tail: integer({ description: 'The newest lines of each, so many.', default: 200, min: 1, max: 10_000 }),
    follow: switchedOn('Goes on until Ctrl-C.'),
  },
  examples: [
    { line: 'logs demo', does: 'the scheduler’s, or why there is none' },
    { line: 'logs demo w-i-0123456789abcdef0 --tail 50', does: 'one worker’s' },
    { line: 'logs demo --all --follow', does: 'everybody’s, as it comes' },
  ],
  async run({ values, words: [name = '', machine] }, desk) {
    const kubernetes = await desk.kubernetes()
    const cluster = await kubernetes.cluster(name, desk.call)
    const wanted = values.all
      ? { kind: 'all' as const }
      : { kind: 'one' as const, machine: machine ?? 'scheduler' }
    const last = machine === undefined ? await consoles(cluster, desk) : []
    using reader = await openReader(cluster, wanted, { desk, mayFail: last.length > 0 && !values.follow })
    const entries = [...last, ...(await (reader?.read({ tail: values.tail }) ?? []))]
    if (!values.follow || reader === undefined) {
      desk.screen.show({ entries }, (_, screen) =>
        entries.map(each => lineOf(each, values.all, screen)).join('\n'),
      )
      return 0
    }
    await follow(reader, entries, { desk, isNamed: values.all })
    return stopped
  },
})

type Wanted = { readonly kind: 'all' } | { readonly kind: 'one'; readonly machine: string }

/** The ends of consoles, as far as events have them. */
async function consoles({ namespace, uid }: SeenCluster, desk: Desk): Promise<readonly LogEntry[]> {
  const kubernetes = await desk.kubernetes()
  const fields = `regarding.kind=${kind},regarding.uid=${uid},reason=NotStarted`
  try {
    return readEvents(await kubernetes.events(namespace, fields, desk.call)).map(({ at, message }) => ({
      source: 'console',
      machine: undefined,
      at,
      level: 'ERROR',
      text: message,
    }))
  } catch (error) {
    if (!(error instanceof CliError)) throw error
    desk.screen.note(`Consoles of machines that never came up are not shown: ${error.message}`)
    return []
  }
}

interface Reader extends Disposable {
  read(range: Range): Promise<readonly LogEntry[]>
}

/** Undefined where Dask cannot be asked and there is something else to show. */
async function openReader(
  cluster: SeenCluster,
  wanted: Wanted,
  { desk, mayFail }: { readonly desk: Desk; readonly mayFail: boolean },
): Promise<Reader | undefined> {
  try {
    const connection = await openScheduler(cluster, desk)
    return {
      read: range => readFrom(connection, { cluster, wanted, range }, desk),
      [Symbol.dispose]: () => connection[Symbol.dispose](),
    }
  } catch (error) {
    if (!mayFail || !(error instanceof CliError)) throw error
    desk.screen.note(`Dask's own logs are not shown: ${error.message}`)
    return undefined
  }
}

async function readFrom(
  connection: SchedulerConnection,
  {
    cluster,
    wanted,
    range,
  }: { readonly cluster: SeenCluster; readonly wanted: Wanted; readonly range: Range },
  desk: Desk,
): Promise<readonly LogEntry[]> {
  const call = within(desk.call, askMs)
  try {
    if (wanted.kind === 'one' && wanted.machine === 'scheduler')
      return await schedulerLogs(connection, range, call)
    const { workers } = await crewOf(connection, call)
    const chosen =
      wanted.kind === 'all' ? workers : workers.filter(({ name }) => isMeant(name, wanted.machine))
    if (wanted.kind === 'one' && chosen.length === 0) throw noSuch(cluster, wanted.machine, workers)
    const names = new Map(chosen.map(({ address, name }) => [address, name]))
    const theirs = await workerLogs(connection, { names, range }, call)
    if (wanted.kind === 'one') return theirs
    return [...(await schedulerLogs(connection, range, call)), ...theirs].toSorted(byTime)
  } catch (error) {
    throw daskProblem(error, cluster.status.schedulerAddress ?? '')
  }
}

const isMeant = (name: string, machine: string): boolean => name === machine || name === `w-${machine}`

function noSuch(
  { name }: SeenCluster,
  machine: string,
  workers: readonly { readonly name: string }[],
): CliError {
  const there = ['scheduler', ...workers.map(each => each.name)]
  const shown =
    there.length <= 12 ? there.join(', ') : `${there.slice(0, 12).join(', ')} and ${there.length - 12} more`
  return new CliError('not-found', `no machine ${machine} of ${name} has joined; there are ${shown}`)
}

async function follow(
  reader: Reader,
  first: readonly LogEntry[],
  { desk, isNamed }: { readonly desk: Desk; readonly isNamed: boolean },
): Promise<void> {
  const { screen, call } = desk
  let entries = first
  let after = 0
  while (!call.signal.aborted) {
    for (const each of entries)
      screen.write(screen.output === 'json' ? JSON.stringify(each) : lineOf(each, isNamed, screen))
    after = Math.max(
      after,
      ...entries.filter(({ source }) => source === 'dask').map(({ at }) => Date.parse(at)),
    )
    await wait(everyMs, call).catch(() => undefined)
    if (!call.signal.aborted) entries = await reader.read({ after })
  }
}

const styles: Readonly<Record<string, Style>> = {
  ERROR: 'bad',
  CRITICAL: 'bad',
  WARNING: 'busy',
  DEBUG: 'dim',
}

function lineOf({ source, machine, at, level, text }: LogEntry, isNamed: boolean, { paint }: Screen): string {
  const style = styles[level]
  const said = paint(style === undefined ? text : { text, style })
  if (source === 'console') return `${paint({ text: `event NotStarted, ${at}`, style: 'strong' })}\n${said}\n`
  return isNamed ? `${paint({ text: machine ?? '', style: 'dim' })}  ${said}` : said
}
