/** Where an operator's log says that it serves its metrics. */
export function healthPort(log: string): number {
  const line = log.split('\n').findLast(each => each.includes('serving /metrics')) ?? '{}'
  const { port }: { readonly port?: number } = JSON.parse(line)
  if (port === undefined) throw new Error('the log names no port')
  return port
}

/** The sum of a metric's samples whose labels hold all of `labels`, each written as `name="value"`. */
export function sampled(metrics: string, name: string, ...labels: readonly string[]): number {
  return metrics
    .split('\n')
    .filter(line => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter(line => labels.every(label => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

export const scraped = async (port: number, path = '/metrics'): Promise<Scraped> => {
  const reply = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(5_000) })
  return { status: reply.status, body: await reply.text() }
}

export interface Scraped {
  readonly status: number
  readonly body: string
}
