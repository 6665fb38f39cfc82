import { text } from '../lib/option-kinds.ts'
import { defaultGroup } from '../model/names.ts'
import { usage } from './arguments.ts'
import type { SeenCluster, SeenGroup } from './cluster.ts'
import { isNow } from './cluster.ts'
import { defineCommand, switchedOn, timeout } from './command.ts'
import { CliError } from './exit.ts'
import type { Kubernetes } from './kubernetes.ts'
import { untilSo } from './waiting.ts'

export const scale = defineCommand({
  name: 'scale',
  summary: 'Sets how many workers a group has.',
  description: [
    'Workers are added, or the idle ones drained, closed and ended first. Without --group it is the scale subresource that is changed, as by kubectl scale; another group is changed in the spec. A cluster that sleeps by itself wakes; one with spec.suspend keeps the number for later.',
    'With --wait it ends when exactly so many serve and no machine beside them is left. It needs the right to get the cluster, and to patch its scale (or, with --group, the cluster).',
  ],
  positionals: [{ name: 'NAME' }, { name: 'N' }],
  options: {
    group: text({
      description: 'Which of spec.workerGroups.',
      placeholder: 'GROUP',
      default: defaultGroup,
      defaultText: 'default, the one of spec.workers',
    }),
    wait: switchedOn('Waits until so many serve.'),
    timeout,
  },
  examples: [
    { line: 'scale demo 8', does: 'asks for eight workers' },
    { line: 'scale demo 2 --group gpu --wait --timeout 15m', does: 'waits for two of another group' },
  ],
  async run({ values, words: [name = '', count = ''] }, desk) {
    const replicas = /^\d{1,4}$/.test(count) ? Number(count) : Number.NaN
    if (!(replicas <= 1000)) throw usage(`N must be a whole number from 0 to 1000, found "${count}"`)
    const kubernetes = await desk.kubernetes()
    const before = await kubernetes.cluster(name, desk.call)
    const group = groupIn(before, values.group)
    if (group.wanted !== replicas) await change(kubernetes, before, { group, replicas }, desk.call)
    const isDone = (cluster: SeenCluster): boolean => isServed(cluster, values.group, replicas)
    const what = `${values.group} of ${name} has not ${replicas} workers`
    const waited = { name, ms: values.timeout, what }
    const after = values.wait
      ? await untilSo(desk, waited, isDone)
      : await kubernetes.cluster(name, desk.call)
    if (after.isSuspended) desk.screen.note(`${name} sleeps: so many are started when it wakes`)
    const { ready, machines } = groupIn(after, values.group)
    const result = {
      cluster: name,
      namespace: after.namespace,
      group: values.group,
      from: group.wanted,
      to: replicas,
      ready,
      machines,
    }
    desk.screen.show(result, ({ from, to }) => {
      const said = from === to ? `was ${to} already` : `${from} → ${to}`
      return `${name}, group ${values.group}: ${said}; ${ready} serve`
    })
    return 0
  },
})

async function change(
  kubernetes: Kubernetes,
  { name }: SeenCluster,
  { group, replicas }: { readonly group: SeenGroup; readonly replicas: number },
  call: Parameters<Kubernetes['scale']>[2],
): Promise<void> {
  await (group.at === undefined
    ? kubernetes.scale(name, replicas, call)
    : kubernetes.scaleGroup(name, { at: group.at, group: group.name, replicas }, call))
}

function groupIn({ name, groups }: SeenCluster, wanted: string): SeenGroup {
  const found = groups.find(each => each.name === wanted)
  if (found !== undefined) return found
  const there = groups.map(each => each.name).join(', ')
  throw new CliError('not-found', `${name} has no group ${wanted}; there are ${there}`)
}

/** Counts are told a little later than what was asked for is served. */
function isServed(cluster: SeenCluster, group: string, replicas: number): boolean {
  const { wanted, machines, ready } = groupIn(cluster, group)
  return (
    (cluster.status.observedGeneration ?? 0) >= cluster.generation &&
    isNow(cluster, 'SchedulerReady') &&
    wanted === replicas &&
    machines === replicas &&
    ready === replicas
  )
}
