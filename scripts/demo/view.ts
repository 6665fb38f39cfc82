import { clustersIn } from '../../src/kube/clusters.ts'
import { listAll } from '../../src/kube/pages.ts'
import type { KubeRequests } from '../../src/kube/transport.ts'
import type { Call } from '../../src/lib/call.ts'
import { secretLabels } from '../../src/pki/secret.ts'
import { items, type Members, members, metadataOf, read, word } from './kubernetes.ts'

/** Where one cluster is, and whose it is. */
export interface Place {
  readonly namespace: string
  readonly name: string
  readonly operatorNamespace: string
}

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
export class View {
  readonly #kube: KubeRequests
  readonly #place: Place

  constructor(kube: KubeRequests, place: Place) {
    this.#kube = kube
    this.#place = place
  }

  /** Undefined once there is no such resource. */
  async look(call: Call): Promise<Look | undefined> {
    const { namespace, name } = this.#place
    const found = await read(this.#kube, `${clustersIn(namespace).path}/${name}`, call)
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
    const { namespace, name } = this.#place
    const list = await read(this.#kube, `/apis/events.k8s.io/v1/namespaces/${namespace}/events`, call)
    return items(members(list)['items'])
      .filter(({ regarding }) => members(regarding)['name'] === name)
      .toSorted((a, b) => ((word(a['eventTime']) ?? '') < (word(b['eventTime']) ?? '') ? -1 : 1))
      .map(({ reason, note }) => ({ reason: word(reason) ?? '', note: word(note) ?? '' }))
  }

  /** Names of the cluster's Secrets, in its own namespace and the operator's. */
  async secrets(uid: string, call: Call): Promise<readonly string[]> {
    const { namespace, operatorNamespace } = this.#place
    const labels = `${secretLabels.uid}=${uid}`
    const lists = [namespace, operatorNamespace].map(each => secretNames(this.#kube, each, { labels }, call))
    return (await Promise.all(lists)).flat()
  }

  /** A Secret's files by name. */
  async files(secret: string, call: Call): Promise<ReadonlyMap<string, Buffer>> {
    const path = `/api/v1/namespaces/${this.#place.namespace}/secrets/${secret}`
    const { data } = members(await read(this.#kube, path, call))
    const files = Object.entries(members(data))
    return new Map(files.map(([name, text]) => [name, Buffer.from(word(text) ?? '', 'base64')]))
  }
}

export async function secretNames(
  kube: KubeRequests,
  namespace: string,
  { labels }: { readonly labels: string },
  call: Call,
): Promise<readonly string[]> {
  const list = await listAll(kube, { path: `/api/v1/namespaces/${namespace}/secrets`, labels }, call)
  return list.items.map(raw => word(metadataOf(raw)['name']) ?? '')
}

const conditionOf = ({ status, reason, message }: Members): Condition => ({
  status: word(status) ?? '',
  reason: word(reason) ?? '',
  message: word(message) ?? '',
})
