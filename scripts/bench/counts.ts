import { plural } from '../../src/api/names.ts'
import type { KubeRequests } from '../../src/kube/transport.ts'
import { type Call, within } from '../../src/lib/call.ts'
import { sampled } from '../../test/support/scrape.ts'

/** Requests that change something, as the API server has counted them since it began. */
export interface Counts {
  /** Of clusters, Secrets and Services; this program's own are not among them. */
  readonly writes: number
  readonly events: number
  /** Processor time that it has taken. */
  readonly cpuMs: number
}

const writing = ['POST', 'PUT', 'PATCH', 'APPLY', 'DELETE']

/** `own`: how many such requests on clusters this program has sent. Nobody else here writes any of these. */
export async function countsOf(kube: KubeRequests, own: number, call: Call): Promise<Counts> {
  const metrics = String(await kube.request({ method: 'GET', path: '/metrics' }, within(call, 30_000)))
  const count = (resource: string): number =>
    writing.reduce(
      (sum, verb) =>
        sum + sampled(metrics, 'apiserver_request_total', `verb="${verb}"`, `resource="${resource}"`),
      0,
    )
  const cpuMs = sampled(metrics, 'process_cpu_seconds_total') * 1_000
  const writes = [plural, 'secrets', 'services', 'endpointslices'].reduce((sum, each) => sum + count(each), 0)
  return { writes: writes - own, events: count('events'), cpuMs }
}
