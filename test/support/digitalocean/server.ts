import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Asked, Script } from '../clouds/script.ts'
import { type Answer, act, type Heard, operationOf, parsed } from './desk.ts'
import { DoFailure, failureBody } from './failure.ts'
import type { DoModel } from './model.ts'
import { Rates } from './rates.ts'
import { calm, Team, type Tempo, type Token } from './team.ts'

/** One request, and what came of it. */
export interface Entry {
  readonly operation: string
  readonly path: string
  readonly search: string
  readonly at: number
  /** The team of whose token it was; empty for a token of nobody's. */
  readonly team: string
  readonly body: Readonly<Record<string, unknown>>
  status: number
  /** Where the request or the answer is unlike what DigitalOcean describes. */
  differs: readonly string[]
}

export interface Options {
  readonly tempo?: Partial<Tempo>
  readonly now?: () => number
  /** What requests and answers are compared with. */
  readonly model?: DoModel | undefined
  /** How long every answer takes; nothing unless given. */
  readonly latencyMs?: number
}

export interface DigitalOcean extends AsyncDisposable {
  readonly teams: Team[]
  readonly script: Script
  readonly rates: Rates
  readonly ledger: readonly Entry[]
  readonly endpoint: string
  readonly addTeam: () => Team
}

interface Parts {
  readonly teams: Team[]
  readonly script: Script
  readonly rates: Rates
  readonly ledger: Entry[]
  readonly now: () => number
  readonly counts: Map<string, number>
  readonly model: DoModel | undefined
}

/** DigitalOcean's API on one server of 127.0.0.1 with a certificate, and as many teams as are asked for. */
export async function startDigitalOcean(
  credential: { readonly key: string; readonly cert: string },
  { tempo = {}, now = Date.now, latencyMs = 0, model }: Options = {},
): Promise<DigitalOcean> {
  const parts: Parts = {
    teams: [],
    script: new Script(),
    rates: new Rates(now),
    ledger: [],
    now,
    counts: new Map(),
    model,
  }
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
    addTeam() {
      const team = new Team({ ...calm, ...tempo }, now)
      parts.teams.push(team)
      return team
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise<void>(resolve => server.close(() => resolve()))
    },
  }
}

async function serve(parts: Parts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = '', url: path = '', headers } = request
  const url = new URL(path, `https://${headers.host ?? ''}`)
  const heard: Heard = { method, url, body: parsed(await text(request)) }
  const operation = operationOf(heard)
  const who = whoAsks(parts, headers.authorization)
  const entry: Entry = {
    operation,
    path: url.pathname,
    search: url.search,
    at: parts.now(),
    team: who?.team.uuid ?? '',
    body: heard.body,
    status: 0,
    differs: parts.model?.request(operation, heard.body) ?? [],
  }
  parts.ledger.push(entry)
  const carriedOut = (): Answer => answered(parts, who, heard)
  const trouble = parts.script.take(askedOf(parts, entry, heard))
  const answer =
    trouble === undefined
      ? carriedOut()
      : await parts.script.play(trouble, {
          project: entry.team,
          carriedOut,
          answered: (status, given) => ({ status, body: given }),
          refused: (status, id, message) => refused(new DoFailure(status, id, message)),
        })
  if (answer === undefined) return void request.socket.destroy()
  entry.status = answer.status
  entry.differs = [...entry.differs, ...(parts.model?.answer(operation, answer.body) ?? [])]
  send(response, answer)
}

interface Who {
  readonly team: Team
  readonly token: Token
}

function whoAsks({ teams }: Parts, header: string | undefined): Who | undefined {
  const value = header?.replace(/^Bearer /, '') ?? ''
  return teams
    .flatMap(team => team.tokens.map(token => ({ team, token })))
    .find(({ token }) => token.value === value && !token.isRevoked)
}

/** What the desk does, or the failure that it answers with. */
function answered({ rates }: Parts, who: Who | undefined, heard: Heard): Answer {
  try {
    if (who === undefined) throw new DoFailure(401, 'Unauthorized', 'Unable to authenticate you')
    const headers = rates.take(who.token.value)
    try {
      return { ...act(who.team, who.token, heard), headers }
    } catch (error) {
      if (error instanceof DoFailure) return { ...refused(error), headers: { ...headers, ...error.headers } }
      throw error
    }
  } catch (error) {
    if (error instanceof DoFailure) return refused(error)
    throw error
  }
}

const refused = (failure: DoFailure): Answer => ({
  status: failure.status,
  body: failureBody(failure),
  headers: failure.headers,
})

function askedOf({ counts }: Parts, { operation, team, body }: Entry, { url }: Heard): Asked {
  const nth = (counts.get(operation) ?? 0) + 1
  counts.set(operation, nth)
  return {
    method: operation,
    project: team,
    by: team,
    params: new Map([['path', url.pathname]]),
    query: url.searchParams,
    body,
    page: Number(url.searchParams.get('page') ?? 1),
    nth,
  }
}

/** A text goes as it is, anything else as JSON. */
function send(response: ServerResponse, { status, body, headers = {} }: Answer): void {
  const written = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers }).end(written)
}
