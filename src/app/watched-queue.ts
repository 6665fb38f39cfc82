import type { Passed } from '../controller/crew.ts'
import { WorkQueue } from '../controller/queue.ts'
import type { Call } from '../lib/call.ts'
import type { ClusterKey } from '../model/names.ts'
import type { Next } from '../reconcile/pass.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'

const controller = 'daskcloudcluster'
const labels = { name: controller, controller }

type Pass = (key: ClusterKey, call: Call) => Promise<Next>

/** The queue, with controller-runtime's metrics kept of it and of the passes, of which so many may be under way at once. */
export function watchedQueue(metrics: Metrics, most: number) {
  metrics.maxWorkers.set({ controller }, most)
  const queue = new WorkQueue(() => performance.now(), {
    added: () => metrics.queueAdds.inc(labels),
    retried: () => metrics.queueRetries.inc(labels),
    waited: seconds => metrics.queueWaitSeconds.observe(labels, seconds),
  })
  const begun = new Map<ClusterKey, number>()
  const ages = (): readonly number[] => [...begun.values()].map(at => performance.now() - at)
  const gauges = metrics.beforeReading(() => {
    metrics.queueDepth.set(labels, queue.due)
    metrics.activeWorkers.set({ controller }, begun.size)
    metrics.queueUnfinishedSeconds.set(labels, ages().reduce((sum, ms) => sum + ms, 0) / 1000)
    metrics.queueLongestSeconds.set(labels, Math.max(0, ...ages()) / 1000)
  })
  return {
    [Symbol.dispose]: () => gauges[Symbol.dispose](),
    queue,
    /** How long the oldest pass has been under way. */
    stuckMs: (): number => Math.max(0, ...ages()),
    timed:
      (pass: Pass): Pass =>
      async (key, call) => {
        begun.set(key, performance.now())
        try {
          return await pass(key, call)
        } finally {
          begun.delete(key)
        }
      },
    passed:
      (log: Log) =>
      (key: ClusterKey, { result, seconds, error }: Passed): void => {
        metrics.reconciles.inc({ controller, result })
        metrics.reconcileSeconds.observe({ controller }, seconds)
        metrics.queueWorkSeconds.observe(labels, seconds)
        if (result !== 'error') return
        metrics.reconcileErrors.inc({ controller })
        log.error({ cluster: key, err: error }, 'a pass failed; it is tried again')
      },
  }
}
