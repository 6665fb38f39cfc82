export const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`

export const grouped = (count: number): string => count.toLocaleString('en')

/** What the operator's own metrics tell of its work. */
export interface Work {
  readonly residentMb: number
  /** Requests to the API server by method, watches and the lease among them. */
  readonly requests: ReadonlyMap<string, number>
}

/** Reads the text that Prometheus reads. */
export function workIn(metrics: string): Work {
  const requests = new Map<string, number>()
  let residentMb = Number.NaN
  for (const line of metrics.split('\n')) {
    const value = Number(line.slice(line.lastIndexOf(' ') + 1))
    if (line.startsWith('process_resident_memory_bytes ')) residentMb = Math.round(value / 1_048_576)
    const method = /^rest_client_requests_total\{.*method="(\w+)"/.exec(line)?.[1]
    if (method !== undefined) requests.set(method, (requests.get(method) ?? 0) + value)
  }
  return { residentMb, requests }
}

/** `1,832: 1,210 PATCH, 600 POST`, the most first. */
export function requestWords({ requests }: Work): string {
  const sum = [...requests.values()].reduce((all, each) => all + each, 0)
  const parts = [...requests]
    .toSorted(([, a], [, b]) => b - a)
    .map(([method, count]) => `${grouped(count)} ${method}`)
  return `${grouped(sum)}: ${parts.join(', ')}`
}
