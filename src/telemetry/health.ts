import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Metrics } from './metrics.ts'

/** Says what is wrong, or undefined where all is well. It answers at once; what it throws counts as wrong. */
export interface Check {
  readonly name: string
  readonly problem: () => string | undefined
}

export interface HealthOptions {
  readonly host: string
  /** 0 for any that is free. */
  readonly port: number
  /** What only a restart mends. A server elsewhere that is down is none of it. */
  readonly live: readonly Check[]
  /** What must be there before this process is of use. */
  readonly ready: readonly Check[]
  readonly metrics: Pick<Metrics, 'read' | 'contentType'>
}

export interface HealthServer extends AsyncDisposable {
  readonly port: number
}

/** Serves /healthz, /readyz and /metrics over plain HTTP. Throws where the address cannot be had. */
export async function serveHealth(options: HealthOptions): Promise<HealthServer> {
  const server = createServer((request, response) => {
    void answer(request, options).then(
      reply => send(response, reply, request.method),
      () => send(response, { status: 500, text: 'cannot be read\n' }, request.method),
    )
  })
  server.requestTimeout = 10_000
  server.headersTimeout = 5_000
  server.keepAliveTimeout = 30_000
  server.maxConnections = 100
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: options.host, port: options.port }, resolve)
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    [Symbol.asyncDispose]: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

interface Reply {
  readonly status: number
  readonly text: string
  readonly type?: string
}

async function answer(request: IncomingMessage, { live, ready, metrics }: HealthOptions): Promise<Reply> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return { status: 405, text: 'only GET\n' }
  const path = (request.url ?? '').replace(/\?.*$/s, '')
  if (path === '/metrics') return { status: 200, text: await metrics.read(), type: metrics.contentType }
  if (path === '/healthz') return report('healthz', live)
  if (path === '/readyz') return report('readyz', ready)
  return { status: 404, text: '/metrics, /healthz and /readyz are here\n' }
}

/** In the words of Kubernetes' own components. */
function report(name: string, checks: readonly Check[]): Reply {
  const results = checks.map(check => ({ name: check.name, problem: problemOf(check) }))
  const lines = results.map(result =>
    result.problem === undefined ? `[+]${result.name} ok` : `[-]${result.name} failed: ${result.problem}`,
  )
  const isFine = results.every(({ problem }) => problem === undefined)
  const last = `${name} check ${isFine ? 'passed' : 'failed'}`
  return { status: isFine ? 200 : 503, text: `${[...lines, last].join('\n')}\n` }
}

function problemOf({ problem }: Check): string | undefined {
  try {
    return problem()
  } catch (error) {
    return error instanceof Error ? error.message : 'the check itself failed'
  }
}

function send(response: ServerResponse, { status, text, type }: Reply, method: string | undefined): void {
  const bytes = Buffer.from(text)
  response.writeHead(status, {
    'content-type': type ?? 'text/plain; charset=utf-8',
    'content-length': bytes.length,
    'x-content-type-options': 'nosniff',
    ...(status === 405 ? { allow: 'GET, HEAD' } : {}),
  })
  response.end(method === 'HEAD' ? undefined : bytes)
}
