import { type DaskCloudClass, parseClass } from '../api/class-resource.ts'
import { classPlural, plural, purpose } from '../api/names.ts'
import { allClasses, allNamespaces, hasClasses, type Namespace, parseNamespace } from '../kube/classes.ts'
import { clustersIn } from '../kube/clusters.ts'
import type { Collection } from '../kube/pages.ts'
import { Reflector } from '../kube/reflector.ts'
import { parseSecret, type StoredSecret, secretsIn } from '../kube/secrets.ts'
import type { Call } from '../lib/call.ts'
import { poll } from '../lib/wait.ts'
import { type ClusterKey, splitKey } from '../model/names.ts'
import { managedBy, secretLabels } from '../pki/secret.ts'
import type { Office } from './leader.ts'

/** What classes rest on. */
export interface ClassWatches {
  readonly classes: Reflector<DaskCloudClass>
  readonly namespaces: Reflector<Namespace>
  /** Secrets of the operator's own namespace that are marked as credentials. */
  readonly credentials: Reflector<StoredSecret>
}

/** One watch of clusters a namespace, or one of all; one of the operator's own Secrets; and those of classes, where they are served. */
export function openWatches(
  { config, kube, namespace, installation, metrics, log }: Office,
  all: AsyncDisposableStack,
  withClasses: boolean,
) {
  const onProblem = (problem: object): void => log.warn({ problem }, 'a watch had a problem; it goes on')
  const shared = { kube, metrics, onProblem }
  const open = <T>(resource: string, collection: Collection, parse: (raw: unknown) => T): Reflector<T> =>
    all.use(new Reflector({ ...shared, resource, collection, parse }))
  const watched = config.watchNamespaces.length === 0 ? [undefined] : config.watchNamespaces
  const byNamespace = new Map(watched.map(each => [each, open(plural, clustersIn(each), asItIs)] as const))
  const labels = `${secretLabels.managedBy}=${managedBy},${secretLabels.installation}=${installation}`
  const secrets = open('secrets', secretsIn(namespace, labels), parseSecret)
  const marked = `${purpose.label}=${purpose.credentials}`
  const ofClasses: ClassWatches | undefined = withClasses
    ? {
        classes: open(classPlural, allClasses, parseClass),
        namespaces: open('namespaces', allNamespaces, parseNamespace),
        credentials: open('secrets', secretsIn(namespace, marked), parseSecret),
      }
    : undefined
  const clusters = [...byNamespace.values()]
  return {
    clusters,
    secrets,
    ofClasses,
    all: [...clusters, secrets, ...(ofClasses === undefined ? [] : Object.values(ofClasses))],
    of: (key: ClusterKey) => byNamespace.get(undefined) ?? byNamespace.get(splitKey(key).namespace),
  }
}

export type Watches = ReturnType<typeof openWatches>

const asItIs = (object: unknown): unknown => object

const againMs = 1_000

/** With `auto`, where all namespaces are served and the definition is installed and may be read; it waits for the API server to say so. */
export async function servesClasses({ config, kube, log }: Office, call: Call): Promise<boolean> {
  if (config.classes !== 'auto') return config.classes === 'on'
  if (config.watchNamespaces.length > 0) return false
  const found = await poll(
    () =>
      hasClasses(kube, call).catch((error: unknown) => {
        if (!call.signal.aborted) log.warn({ err: error }, 'nobody knows yet whether there are classes')
        return undefined
      }),
    againMs,
    call,
  ).catch(() => false)
  if (!found) log.info({}, 'no classes are served: their definition is not there, or may not be read')
  return found
}
