import type { Reflector } from '../kube/reflector.ts'
import { isRecord } from '../lib/parse.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Connections } from './connections.ts'

/** Gauges of clusters and machines, brought up to date when they are read. */
export function countWhatIsThere(
  metrics: Pick<Metrics, 'machines' | 'clusters' | 'beforeReading'>,
  connections: Connections,
  reflectors: readonly Reflector<unknown>[],
): Disposable {
  return metrics.beforeReading(() => {
    metrics.machines.reset()
    for (const [cloud, states] of connections.counts()) {
      for (const [state, count] of states) metrics.machines.set({ cloud, state }, count)
    }
    metrics.clusters.reset()
    for (const object of reflectors.flatMap(each => each.list()))
      metrics.clusters.inc({ state: stateOf(object) })
  })
}

/** The reason of `Ready`, which has one word for every state a cluster can be in. */
function stateOf(object: unknown): string {
  const status = isRecord(object) && isRecord(object['status']) ? object['status'] : {}
  const conditions: readonly unknown[] = Array.isArray(status['conditions']) ? status['conditions'] : []
  const ready = conditions.filter(isRecord).find(({ type }) => type === 'Ready')
  return typeof ready?.['reason'] === 'string' ? ready['reason'] : 'Pending'
}
