import { access as reach } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { type Access, type Material, misconfigured } from './access.ts'
import type { Kubeconfigs } from './kubeconfig.ts'
import type { Environment } from './proxies.ts'

/** Which API server to talk to, and as whom. */
export interface Source {
  /** A kubeconfig's path; without it KUBECONFIG, then the pod's own service account, then ~/.kube/config. */
  readonly kubeconfig?: string | undefined
  /** A context of it other than the current one. */
  readonly context?: string | undefined
  /** The process's own unless given. */
  readonly env?: Environment
  /** Where a pod finds its service account: token, ca.crt and namespace. */
  readonly serviceAccount?: string
}

export interface Found {
  readonly access: Access
  /** To be read from then on, whichever is the current one; undefined in a pod. */
  readonly context: string | undefined
}

const usualServiceAccount = '/var/run/secrets/kubernetes.io/serviceaccount'

/** Throws a KubeError that says what was looked for. */
export async function findAccess(source: Source, files: Kubeconfigs): Promise<Found> {
  const { kubeconfig, context, env = process.env, serviceAccount = usualServiceAccount } = source
  if (kubeconfig !== undefined) return files.read([kubeconfig], context)
  const listed = (env['KUBECONFIG'] ?? '').split(delimiter).filter(file => file !== '')
  if (listed.length > 0) return files.read(listed, context)
  const isPod = Boolean(env['KUBERNETES_SERVICE_HOST'])
  if (isPod && (await exists(join(serviceAccount, 'token')))) return ownAccount(source, env, serviceAccount)
  const usual = join(env['HOME'] || homedir(), '.kube', 'config')
  if (await exists(usual)) return files.read([usual], context)
  const pod = isPod
    ? `this pod has no ${serviceAccount}/token (automountServiceAccountToken)`
    : 'this is no pod'
  throw misconfigured(
    `there is no API server to connect to: KUBECONFIG is not set, there is no ${usual}, and ${pod}; name a kubeconfig`,
  )
}

async function ownAccount({ context }: Source, env: Environment, directory: string): Promise<Found> {
  if (context !== undefined)
    throw misconfigured(`there is no context ${context} in a pod; it needs a kubeconfig`)
  const host = env['KUBERNETES_SERVICE_HOST'] ?? ''
  const file = (name: string): Material => ({ kind: 'file', path: join(directory, name) })
  const access: Access = {
    origin: directory,
    server: `https://${isIPv6(host) ? `[${host}]` : host}:${env['KUBERNETES_SERVICE_PORT'] || '443'}`,
    proxy: undefined,
    serverName: undefined,
    verifies: true,
    authority: file('ca.crt'),
    certificate: undefined,
    key: undefined,
    token: file('token'),
    headers: {},
    plugin: undefined,
    namespace: (await exists(join(directory, 'namespace'))) ? file('namespace') : undefined,
  }
  return { access, context: undefined }
}

const exists = (path: string): Promise<boolean> =>
  reach(path).then(
    () => true,
    () => false,
  )
