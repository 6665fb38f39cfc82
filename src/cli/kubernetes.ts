import { apiVersion, group, kind, plural, version } from '../api/names.ts'
import { isKubeError, KubeError, reasonIn } from '../kube/fault.ts'
import type { KubeRequest, KubeTransport } from '../kube/transport.ts'
import type { Call } from '../lib/call.ts'
import { isRecord, list, ParseError, record, text } from '../lib/parse.ts'
import { readCluster, type SeenCluster } from './cluster.ts'
import { CliError } from './exit.ts'

/** What is read of Kubernetes, with the rights of whoever asks. Throws a CliError that says what to do. */
export class Kubernetes {
  readonly #kube: KubeTransport
  /** Where a cluster without a namespace of its own is looked for. */
  readonly namespace: string

  constructor(kube: KubeTransport, namespace: string | undefined) {
    this.#kube = kube
    this.namespace = namespace ?? kube.namespace
  }

  async cluster(name: string, call: Call): Promise<SeenCluster> {
    try {
      return readCluster(await this.#kube.request({ method: 'GET', path: this.#path(name) }, call))
    } catch (error) {
      if (isKubeError(error, 404)) throw await this.#noSuch(name, error, call)
      throw explained(error, `get ${plural} in namespace ${this.namespace}`)
    }
  }

  /** Through the scale subresource, so that the right to scale is enough. */
  async scale(name: string, replicas: number, call: Call): Promise<void> {
    const body = { spec: { replicas } }
    const contentType = 'application/merge-patch+json'
    await this.#change({ method: 'PATCH', path: `${this.#path(name)}/scale`, contentType, body }, name, call)
  }

  /** Fails where the group at that place is another one by now. */
  async scaleGroup(
    name: string,
    { at, group: of, replicas }: { readonly at: number; readonly group: string; readonly replicas: number },
    call: Call,
  ): Promise<void> {
    const path = `/spec/workerGroups/${at}`
    const body = [
      { op: 'test', path: `${path}/name`, value: of },
      { op: 'add', path: `${path}/replicas`, value: replicas },
    ]
    const contentType = 'application/json-patch+json'
    await this.#change({ method: 'PATCH', path: this.#path(name), contentType, body }, name, call)
  }

  /** The texts of a Secret. */
  async secret(name: string, call: Call): Promise<SecretTexts> {
    const path = `/api/v1/namespaces/${this.namespace}/secrets/${name}`
    try {
      return secretTexts(await this.#kube.request({ method: 'GET', path }, call))
    } catch (error) {
      if (isKubeError(error, 404))
        throw new CliError('not-ready', `Secret ${name} is not there yet in namespace ${this.namespace}`)
      throw explained(error, `get secrets/${name} in namespace ${this.namespace}`)
    }
  }

  /** Events of one namespace, or of all; `fields` is a field selector. */
  async events(namespace: string | undefined, fields: string, call: Call): Promise<readonly unknown[]> {
    const folder = namespace === undefined ? '' : `/namespaces/${namespace}`
    const path = `/apis/events.k8s.io/v1${folder}/events`
    try {
      const answer = await this.#kube.request({ method: 'GET', path, query: { fieldSelector: fields } }, call)
      return list(record(answer, 'events')['items'] ?? [], 'events.items')
    } catch (error) {
      const place = namespace === undefined ? 'all namespaces' : `namespace ${namespace}`
      throw explained(error, `list events.events.k8s.io in ${place}`)
    }
  }

  async #change(request: KubeRequest, name: string, call: Call): Promise<void> {
    try {
      await this.#kube.request(request, call)
    } catch (error) {
      if (isKubeError(error, 404)) throw await this.#noSuch(name, error, call)
      const resource = request.path.endsWith('/scale') ? `${plural}/scale` : plural
      throw explained(error, `patch ${resource} in namespace ${this.namespace}`)
    }
  }

  /** Names those that are there: most often it is the wrong namespace or a slip of the pen. */
  async #noSuch(name: string, cause: unknown, call: Call): Promise<CliError> {
    const found = await this.#names(call)
    if (found === 'unknown kind') {
      const message = `the API server knows no ${kind} (${apiVersion}): is it the right --context, and are the operator's crds/ applied?`
      return new CliError('not-found', message, { cause })
    }
    const there =
      found === undefined ? '' : `; there ${found.length === 0 ? 'is none' : `are ${found.join(', ')}`}`
    const message = `there is no ${kind} ${name} in namespace ${this.namespace}${there}. Another namespace: -n`
    return new CliError('not-found', message, { cause })
  }

  /** Undefined where we may not list them. */
  async #names(call: Call): Promise<readonly string[] | 'unknown kind' | undefined> {
    try {
      const answer = await this.#kube.request(
        { method: 'GET', path: this.#folder, query: { limit: 20 } },
        call,
      )
      const items = list(record(answer, 'list')['items'] ?? [], 'items')
      return items.map(each => text(record(record(each, 'item')['metadata'], 'metadata')['name'], 'name'))
    } catch (error) {
      return isKubeError(error, 404) ? 'unknown kind' : undefined
    }
  }

  get #folder(): string {
    return `/apis/${group}/${version}/namespaces/${this.namespace}/${plural}`
  }

  #path(name: string): string {
    return `${this.#folder}/${encodeURIComponent(name)}`
  }
}

export interface SecretTexts {
  readonly labels: Readonly<Record<string, unknown>>
  /** By the names of its keys. */
  readonly texts: Readonly<Record<string, string>>
}

function secretTexts(raw: unknown): SecretTexts {
  const { data, metadata } = record(raw, 'Secret')
  const labels = record(metadata, 'metadata')['labels']
  const entries = Object.entries(isRecord(data) ? data : {}).map(([key, value]) => [
    key,
    typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : '',
  ])
  return { labels: isRecord(labels) ? labels : {}, texts: Object.fromEntries(entries) }
}

/** `right` is what kubectl would call the right that was needed. */
export function explained(error: unknown, right: string): unknown {
  if (error instanceof ParseError)
    return new CliError('failed', `what the API server answered cannot be read: ${error.message}`, {
      cause: error,
    })
  if (!(error instanceof KubeError)) return error
  if (error.reason === 'Stopped') return error
  return new CliError('failed', wordsOf(error, right), { cause: error })
}

function wordsOf(error: KubeError, right: string): string {
  const said = reasonIn(error)
  if (error.status === 401)
    return `the API server does not know you: ${said}. Log in again, or use another --context`
  if (error.status === 403) return `you may not ${right}: ${said}`
  if (error.reason === 'Configuration') return said
  return error.status === 0 ? `the API server cannot be asked: ${said}` : said
}
