import { Agent, request } from 'undici'
import type { Call } from '../../src/lib/call.ts'
import { isRecord } from '../../src/lib/parse.ts'
import { secretLabels } from '../../src/pki/secret.ts'
import type { ControlPlane } from '../controlplane/index.ts'

/** The resource as the API server has it at one moment. */
export interface Look {
  readonly uid: string
  readonly conditions: ReadonlyMap<string, Condition>
  readonly address: string | undefined
  readonly clientSecret: string | undefined
  readonly ready: number
  readonly events: readonly Event[]
}

export interface Condition {
  readonly status: string
  readonly reason: string
  readonly message: string
}

export interface Event {
  readonly reason: string
  readonly note: string
}

/** What anybody with a kubectl can see of one cluster. Nothing is asked of the operator itself. */
export class View implements AsyncDisposable {
  readonly #plane: Pick<ControlPlane, 'url' | 'token'>
  readonly #agent: Agent
  readonly #namespace: string
  readonly #name: string

  constructor(
    plane: Pick<ControlPlane, 'url' | 'token' | 'authority'>,
    { namespace, name }: { readonly namespace: string; readonly name: string },
  ) {
    this.#plane = plane
    this.#agent = new Agent({ connect: { ca: plane.authority } })
    this.#namespace = namespace
    this.#name = name
  }

  /** Undefined once there is no such resource. */
  async look(call: Call): Promise<Look | undefined> {
    const resources = `/apis/cloud.dask.org/v1alpha1/namespaces/${this.#namespace}/daskcloudclusters`
    const found = await this.#get(`${resources}/${this.#name}`, call)
    if (found === undefined) return undefined
    const { metadata, status } = members(found)
    const { conditions, schedulerAddress, clientSecretName, workers } = members(status)
    return {
      uid: word(members(metadata)['uid']) ?? '',
      conditions: new Map(items(conditions).map(each => [word(each['type']) ?? '', conditionOf(each)])),
      address: word(schedulerAddress),
      clientSecret: word(clientSecretName),
      ready: Number(members(workers)['ready'] ?? 0),
      events: await this.events(call),
    }
  }

  /** In the order in which they came about. */
  async events(call: Call): Promise<readonly Event[]> {
    const list = await this.#get(`/apis/events.k8s.io/v1/namespaces/${this.#namespace}/events`, call)
    return items(members(list)['items'])
      .filter(({ regarding }) => members(regarding)['name'] === this.#name)
      .toSorted((a, b) => ((word(a['eventTime']) ?? '') < (word(b['eventTime']) ?? '') ? -1 : 1))
      .map(({ reason, note }) => ({ reason: word(reason) ?? '', note: word(note) ?? '' }))
  }

  /** Names of the cluster's Secrets, in all namespaces. */
  async secrets(uid: string, call: Call): Promise<readonly string[]> {
    const selector = encodeURIComponent(`${secretLabels.uid}=${uid}`)
    const list = await this.#get(`/api/v1/secrets?labelSelector=${selector}`, call)
    return items(members(list)['items']).map(({ metadata }) => word(members(metadata)['name']) ?? '')
  }

  /** A Secret's files by name. */
  async files(secret: string, call: Call): Promise<ReadonlyMap<string, Buffer>> {
    const { data } = members(await this.#get(`/api/v1/namespaces/${this.#namespace}/secrets/${secret}`, call))
    const files = Object.entries(members(data))
    return new Map(files.map(([name, text]) => [name, Buffer.from(word(text) ?? '', 'base64')]))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#agent.destroy()
  }

  async #get(path: string, { signal }: Call): Promise<unknown> {
    const { statusCode, body } = await request(`${this.#plane.url}${path}`, {
      dispatcher: this.#agent,
      headers: { authorization: `Bearer ${this.#plane.token}` },
      signal,
    })
    const text = await body.text()
    if (statusCode === 404) return undefined
    if (statusCode === 200) return JSON.parse(text)
    throw new Error(`GET ${path} was answered with ${statusCode}: ${text.slice(0, 300)}`)
  }
}

const conditionOf = ({ status, reason, message }: Members): Condition => ({
  status: word(status) ?? '',
  reason: word(reason) ?? '',
  message: word(message) ?? '',
})

type Members = Readonly<Record<string, unknown>>

const members = (raw: unknown): Members => (isRecord(raw) ? raw : {})
const items = (raw: unknown): readonly Members[] => (Array.isArray(raw) ? raw.filter(isRecord) : [])
const word = (raw: unknown): string | undefined => (typeof raw === 'string' ? raw : undefined)
