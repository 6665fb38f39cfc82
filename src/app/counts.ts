import type { Reflector } from '../kube/reflector.ts'
import { isRecord } from '../lib/parse.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Connections } from './connections.ts'

/** Gauges of clusters and machines, brought up to date when they are read. */
export function countWhatIsThere(
  metrics: Pick<Metrics, 'machines' | 'clusters' | 'conditions' | 'beforeReading'>,
  connections: Connections,
  reflectors: readonly Reflector<unknown>[],
): Disposable {
  return metrics.beforeReading(() => {
    metrics.machines.reset()
    for (const [cloud, states] of connections.counts()) {
      for (const [state, count] of states) metrics.machines.set({ cloud, state }, count)
    }
    metrics.clusters.reset()
    metrics.conditions.reset()
    for (const conditions of reflectors.flatMap(each => each.list()).map(conditionsOf)) {
      metrics.clusters.inc({ state: stateOf(conditions) })
      for (const condition of conditions) metrics.conditions.inc(condition)
    }
  })
}

type Labels = Readonly<Record<'type' | 'status' | 'reason', string>>

function conditionsOf(object: unknown): readonly Labels[] {
  const status = isRecord(object) && isRecord(object['status']) ? object['status'] : {}
  const conditions: readonly unknown[] = Array.isArray(status['conditions']) ? status['conditions'] : []
  return conditions
    .filter(isRecord)
    .map(({ type, status: is, reason }) => ({ type: word(type), status: word(is), reason: word(reason) }))
}

const word = (value: unknown): string => (typeof value === 'string' ? value : '')

/** The reason of `Ready`, which has one word for every state a cluster can be in. */
const stateOf = (conditions: readonly Labels[]): string =>
  conditions.find(({ type }) => type === 'Ready')?.reason ?? 'Pending'
