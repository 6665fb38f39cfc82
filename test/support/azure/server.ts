import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { isRecord } from '../../../src/lib/parse.ts'
import { type Asked, Script } from '../clouds/script.ts'
import { type Answer, Desk, type Heard } from './desk.ts'
import { ArmFailure, failureBody } from './failure.ts'
import type { ArmModel } from './model.ts'
import { Rates } from './rates.ts'
import { nameOf } from './targets.ts'
import { bearer, openIdOf, tokenFor } from './tokens.ts'
import { AzureWorld, calm, type Tempo } from './world.ts'

/** One request, and what came of it. */
export interface Entry {
  readonly operation: string
  readonly method: string
  readonly path: string
  /** What follows the question mark. */
  readonly search: string
  readonly at: number
  /** The object id of who asked. */
  by: string
  status: number
  code: string
  /** Where the request or the answer is unlike what Azure describes. */
  differs: readonly string[]
}

export interface Options {
  readonly tempo?: Partial<Tempo>
  readonly now?: () => number
  /** What requests and answers are compared with. */
  readonly model?: ArmModel | undefined
  /** How long whoever waits for an operation is asked to wait between two looks; a second unless given. */
  readonly retryAfterS?: number
  /** How long every answer takes; nothing unless given. */
  readonly latencyMs?: number
}

export interface Azure extends AsyncDisposable {
  readonly world: AzureWorld
  readonly desk: Desk
  readonly script: Script
  readonly rates: Rates
  readonly ledger: readonly Entry[]
  readonly endpoint: string
  /** What each machine says on its serial port. */
  readonly consoles: Map<string, string>
}

/** Azure's Resource Manager and Entra ID, on one server of 127.0.0.1 with a certificate. */
export async function startAzure(
  credential: { readonly key: string; readonly cert: string },
  { tempo = {}, now = Date.now, latencyMs = 0, retryAfterS, model }: Options = {},
): Promise<Azure> {
  const world = new AzureWorld({ ...calm, ...tempo }, now)
  const desk = new Desk(world, retryAfterS)
  const script = new Script()
  const rates = new Rates(now)
  const ledger: Entry[] = []
  const consoles = new Map<string, string>()
  const counts = new Map<string, number>()
  const parts = { world, desk, script, rates, ledger, consoles, counts, model }
  const server = createServer(credential, (request, response) => {
    void (latencyMs > 0 ? sleep(latencyMs) : Promise.resolve())
      .then(() => serve(parts, request, response))
      .catch(() => response.destroy())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a server on a port has such an address
  const { port } = server.address() as AddressInfo
  return {
    ...parts,
    endpoint: `https://localhost:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise<void>(resolve => server.close(() => resolve()))
    },
  }
}

interface Parts {
  readonly world: AzureWorld
  readonly desk: Desk
  readonly script: Script
  readonly rates: Rates
  readonly ledger: Entry[]
  readonly consoles: Map<string, string>
  readonly counts: Map<string, number>
  readonly model: ArmModel | undefined
}

async function serve(parts: Parts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = '', url: path = '', headers } = request
  const url = new URL(path, `https://${headers.host ?? ''}`)
  const body = await text(request)
  const [, tenant = ''] = /^\/([^/]+)\/(?:oauth2\/|v2\.0\/)/.exec(url.pathname) ?? []
  if (url.pathname.endsWith('/openid-configuration'))
    return send(response, { status: 200, body: openIdOf(url.origin, tenant) })
  if (url.pathname.startsWith('/console/'))
    return void response.end(parts.consoles.get(url.pathname.split('/')[2] ?? '') ?? '')
  const isToken = url.pathname.endsWith('/oauth2/v2.0/token')
  const operation = isToken ? 'token' : nameOf({ method, url })
  const entry: Entry = {
    operation,
    method,
    path: url.pathname,
    search: url.search,
    at: parts.world.now(),
    by: whoAsks(parts.world, headers.authorization),
    status: 0,
    code: '',
    differs: parts.model?.request(operation, parsed(body)) ?? [],
  }
  parts.ledger.push(entry)
  const carriedOut = (): Answer => {
    if (isToken) {
      const { by, ...answer } = tokenFor(parts.world, tenant, new URLSearchParams(body))
      entry.by = by
      return answer
    }
    return asked(parts, { method, url, headers: headersOf(headers), body: parsed(body) }, entry)
  }
  const trouble = parts.script.take(askedOf(parts, entry, { url, body }))
  const answer =
    trouble === undefined
      ? carriedOut()
      : await parts.script.play(trouble, {
          project: parts.world.subscriptionId,
          carriedOut,
          answered: (status, given) => ({ status, body: parsed(given) }),
          refused: (status, reason, message) => refused(new ArmFailure(status, reason, message), entry),
        })
  if (answer === undefined) return void request.socket.destroy()
  entry.status = answer.status
  entry.differs = [...entry.differs, ...(parts.model?.answer(operation, answer.body) ?? [])]
  send(response, answer)
}

/** What the desk does, or the failure that it answers with. */
function asked({ world, desk, rates }: Parts, heard: Heard, entry: Entry): Answer {
  try {
    const by = bearer(world, heard.headers['authorization'])
    entry.by = by.objectId
    rates.take(heard.method, by.objectId)
    return desk.act(heard, by)
  } catch (error) {
    if (!(error instanceof ArmFailure)) throw error
    return refused(error, entry)
  }
}

function refused(failure: ArmFailure, entry: Entry): Answer {
  entry.code = failure.code
  const { status, retryAfter } = failure
  return {
    status,
    body: failureBody(failure),
    ...(retryAfter !== undefined && { headers: { 'retry-after': String(retryAfter) } }),
  }
}

function askedOf(
  { world, counts }: Parts,
  { operation, by }: Entry,
  { url, body }: { readonly url: URL; readonly body: string },
): Asked {
  const nth = (counts.get(operation) ?? 0) + 1
  counts.set(operation, nth)
  return {
    method: operation,
    project: world.subscriptionId,
    by,
    params: new Map([['path', url.pathname]]),
    query: url.searchParams,
    body: parsed(body),
    page: url.searchParams.has('$skiptoken') ? 2 : 1,
    nth,
  }
}

function parsed(body: string): Readonly<Record<string, unknown>> {
  try {
    const found: unknown = JSON.parse(body)
    return isRecord(found) ? found : {}
  } catch {
    return {}
  }
}

const headersOf = (headers: IncomingMessage['headers']): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
  )

function send(response: ServerResponse, { status, body, headers = {} }: Answer): void {
  const written = body === undefined ? '' : JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers }).end(written)
}

/** Whose token it is, good or not. */
const whoAsks = (world: AzureWorld, header: string | undefined): string =>
  world.tokens.get(header?.replace(/^Bearer /, '') ?? '')?.principal.objectId ?? ''
