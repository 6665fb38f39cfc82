import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { createGunzip } from 'node:zlib'
import { isRecord } from '../../src/lib/parse.ts'

export interface Advisory {
  readonly id: number
  readonly url: string
  readonly title: string
  readonly severity: string
  readonly vulnerable_versions: string
}

export interface NpmRegistry extends AsyncDisposable {
  readonly url: string
}

/** What the registry does with questions about advisories: a table by package, a status that refuses, or silence. */
export type Knowledge = Readonly<Record<string, Advisory>> | number | 'silent'

export const anAdvisory = (title: string, below: string): Advisory => ({
  id: 1,
  url: 'https://advisories.example/1',
  title,
  severity: 'high',
  vulnerable_versions: `<${below}`,
})

/** As much of a registry as `npm audit` asks for. */
export async function anNpmRegistry(knowledge: Knowledge): Promise<NpmRegistry> {
  const server = createServer((request, response) => void respond(request, response, knowledge))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  knowledge: Knowledge,
): Promise<void> {
  const isQuestion = request.method === 'POST'
  if (isQuestion && knowledge === 'silent') return
  if (isQuestion && typeof knowledge === 'number') {
    response.writeHead(knowledge).end()
    return
  }
  const answer = isQuestion ? known(await asked(request), knowledge) : packument(request.url ?? '')
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
}

/** npm sends the names and versions compressed. */
async function asked(request: IncomingMessage): Promise<readonly string[]> {
  const isCompressed = request.headers['content-encoding'] === 'gzip'
  const body: unknown = await json(isCompressed ? request.pipe(createGunzip()) : request)
  return isRecord(body) ? Object.keys(body) : []
}

const known = (names: readonly string[], knowledge: Knowledge): Record<string, readonly Advisory[]> =>
  Object.fromEntries(
    Object.entries(knowledge).flatMap(([name, advisory]) =>
      names.includes(name) ? [[name, [advisory]]] : [],
    ),
  )

/** One old version of every package: npm asks which versions an advisory is about. */
const packument = (path: string): unknown => {
  const name = decodeURIComponent(path.slice(1))
  const version = '0.0.8'
  return { name, 'dist-tags': { latest: version }, versions: { [version]: { name, version } } }
}
