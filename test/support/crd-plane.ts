import { Agent, request } from 'undici'
import { type ControlPlane, startControlPlane } from '../../scripts/controlplane/index.ts'
import { apiVersion, group, kind, plural, version } from '../../src/api/names.ts'
import { record } from '../../src/lib/parse.ts'
import { poll } from '../../src/lib/wait.ts'
import { goodSpec, merged } from './specs.ts'

/** A control plane with the custom resource, and a client that says what the API server answered, good or bad. */
export interface CrdPlane extends AsyncDisposable {
  readonly plane: ControlPlane
  send(method: 'GET' | 'POST' | 'PATCH' | 'PUT', sent?: Sent): Promise<Reply>
  create(name: string, patch?: unknown, query?: string): Promise<Reply>
  /** The spec as it is kept. */
  spec(name: string): Promise<unknown>
  /** Whatever kubectl complains of. */
  complaint(args: readonly string[], input?: string): Promise<string>
}

export interface Reply {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
  /** What the API server complains of. */
  readonly message: string
}

export interface Sent {
  readonly name?: string
  readonly query?: string
  readonly body?: unknown
  readonly type?: string
}

export const merge = 'application/merge-patch+json'
export const dryRun = '?fieldValidation=Strict&dryRun=All'

export const manifest = (name: string, patch: unknown = {}) => ({
  apiVersion,
  kind,
  metadata: { name },
  spec: merged(goodSpec, patch),
})

export async function startCrdPlane(): Promise<CrdPlane> {
  const signal = AbortSignal.timeout(800_000)
  const plane = await startControlPlane({ signal, progress: () => undefined, controllers: false })
  const agent = new Agent({ connect: { ca: plane.authority } })
  await plane.kubectl(['apply', '-f', 'crds/'])
  const send: CrdPlane['send'] = (method, sent = {}) => ask(plane, agent, method, sent)
  await poll(async () => ((await send('GET')).status === 200 ? true : undefined), 50, { signal })
  return {
    plane,
    send,
    create: (name, patch, query = '?fieldValidation=Strict') =>
      send('POST', { body: manifest(name, patch), query }),
    spec: async name => (await send('GET', { name })).body['spec'],
    complaint: (args, input) =>
      plane.kubectl(args, input).then(
        output => `taken: ${output}`,
        (error: unknown) => String(error),
      ),
    async [Symbol.asyncDispose]() {
      await agent.close()
      await plane.stop()
    },
  }
}

async function ask(plane: ControlPlane, agent: Agent, method: string, sent: Sent): Promise<Reply> {
  const { name = '', query = '', body, type = 'application/json' } = sent
  const url = `${plane.url}/apis/${group}/${version}/namespaces/default/${plural}${name && `/${name}`}${query}`
  const reply = await request(url, {
    method,
    dispatcher: agent,
    headers: { authorization: `Bearer ${plane.token}`, 'content-type': type },
    body: body === undefined ? null : JSON.stringify(body),
  })
  const text = await reply.body.text()
  const read = text.startsWith('{') ? record(JSON.parse(text), 'reply') : {}
  const { message } = read
  return { status: reply.statusCode, body: read, message: typeof message === 'string' ? message : text }
}
