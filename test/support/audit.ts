import { readFile } from 'node:fs/promises'

/** One kind of call to the API server. */
export interface ApiCall {
  readonly verb: string
  /** `''` for the core group. */
  readonly group: string
  /** With its subresource: `daskcloudclusters/status`. */
  readonly resource: string
  /** `''` where it is about no namespace. */
  readonly namespace: string
  /** `''` where it is about all of a namespace. */
  readonly name: string
  readonly isAllowed: boolean
}

/** An audit.k8s.io/v1 Event, as much of it as is looked at. */
interface AuditEvent {
  readonly verb: string
  readonly user: { readonly username: string }
  readonly objectRef?: {
    readonly apiGroup?: string
    readonly resource?: string
    readonly subresource?: string
    readonly namespace?: string
    readonly name?: string
  }
  readonly annotations?: Readonly<Record<string, string>>
}

export const accountName = (namespace: string, account = 'dask-cloud-operator'): string =>
  `system:serviceaccount:${namespace}:${account}`

/** What a ServiceAccount has asked the API server for, as that has written it down, in order and with every repetition. */
export async function callsOf(auditLog: string, username: string): Promise<readonly ApiCall[]> {
  const lines = (await readFile(auditLog, 'utf8')).split('\n')
  return lines
    .filter(line => line.includes(username))
    .map((line): AuditEvent => JSON.parse(line))
    .filter(({ user }) => user.username === username)
    .map(callIn)
}

function callIn({ verb, objectRef = {}, annotations = {} }: AuditEvent): ApiCall {
  const { apiGroup: group = '', resource = '', subresource, namespace = '', name = '' } = objectRef
  return {
    verb,
    group,
    resource: subresource === undefined ? resource : `${resource}/${subresource}`,
    namespace,
    name,
    isAllowed: annotations['authorization.k8s.io/decision'] === 'allow',
  }
}

/** Each kind of call once, to be read by people. */
export const kindsOf = (calls: readonly ApiCall[]): readonly string[] =>
  [
    ...new Set(
      calls.map(
        ({ verb, group, resource, namespace }) => `${verb} ${group}/${resource} in ${namespace || 'none'}`,
      ),
    ),
  ].toSorted()
