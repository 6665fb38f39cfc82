import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { type ApiCall, kindsOf } from './audit.ts'
import type { SharedControlPlane } from './control-plane.ts'

export const operatorManifest = 'deploy/manifests/operator.yaml'
/** The names in the manifests. */
export const own = { namespace: 'dask-system', account: 'dask-cloud-operator' } as const

export interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly verbs: readonly string[]
}

interface Subject {
  readonly kind: string
  readonly name: string
  readonly namespace?: string
}

/** A document of a manifest, as far as it is about rights. */
export interface Document {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly rules?: readonly Rule[]
  readonly roleRef?: { readonly kind: string; readonly name: string }
  readonly subjects?: readonly Subject[]
}

export async function documentsOf(manifest: string): Promise<readonly Document[]> {
  return parseAllDocuments(await readFile(manifest, 'utf8')).map((each): Document => each.toJSON())
}

/** The rules of a manifest, and the namespace in which each holds: `undefined` everywhere. */
export interface Grant extends Rule {
  readonly namespace: string | undefined
}

export const grantsIn = (documents: readonly Document[]): readonly Grant[] =>
  documents.flatMap(({ rules = [], metadata: { namespace } }) => rules.map(rule => ({ ...rule, namespace })))

const permits = (grant: Grant, call: ApiCall): boolean =>
  (grant.namespace === undefined || grant.namespace === call.namespace) &&
  grant.apiGroups.includes(call.group) &&
  grant.resources.includes(call.resource) &&
  grant.verbs.includes(call.verb) &&
  (grant.resourceNames?.includes(call.name) ?? true)

/** Calls that no rule lets through. */
export const unlawful = (grants: readonly Grant[], calls: readonly ApiCall[]): readonly string[] =>
  kindsOf(calls.filter(call => !grants.some(grant => permits(grant, call))))

/**
 * Each verb of each rule that no call has needed: `VERB RESOURCE` and where. A right in all namespaces is needed where a
 * call was about another namespace than `home`, since there a Role is enough.
 */
export const idle = (grants: readonly Grant[], calls: readonly ApiCall[], home: string): readonly string[] =>
  grants
    .flatMap(grant =>
      grant.resources.flatMap(resource => grant.verbs.map(verb => ({ grant, resource, verb }))),
    )
    .filter(({ grant, resource, verb }) => {
      const narrow = { ...grant, resources: [resource], verbs: [verb] }
      return !calls.some(
        call => permits(narrow, call) && (grant.namespace !== undefined || call.namespace !== home),
      )
    })
    .map(({ grant, resource, verb }) => `${verb} ${resource} in ${grant.namespace ?? 'all namespaces'}`)

/** A kubeconfig with which whoever has it is nobody but this ServiceAccount. */
export async function kubeconfigOf(
  plane: Pick<SharedControlPlane, 'kubectl' | 'url' | 'authority'>,
  { namespace, account }: { readonly namespace: string; readonly account: string },
  directory: string,
): Promise<string> {
  const token = await plane.kubectl(['create', 'token', account, '--namespace', namespace, '--duration=3h'])
  const path = join(directory, `kubeconfig-${namespace}-${account}`)
  const authority = Buffer.from(plane.authority).toString('base64')
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: plane.url, 'certificate-authority-data': authority } }],
    users: [{ name: 'u', user: { token: token.trim() } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  }
  await writeFile(path, JSON.stringify(config), { mode: 0o600 })
  return path
}

/**
 * The manifest's account and rights with other namespaces in place of its own, without its Deployment, so that several can be
 * there at once. `namespaces` are those that are there already, by their names in the manifest.
 */
export async function ownRights(
  plane: SharedControlPlane,
  namespace: string,
  { manifest = operatorManifest, namespaces = {} }: Elsewhere = {},
) {
  const names = new Map([[own.namespace, namespace], ...Object.entries(namespaces)])
  const documents = (await documentsOf(manifest)).filter(({ kind }) => kind !== 'Deployment')
  const renamed = documents.map(each => renamedBy(names, each))
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: renamed })
  await plane.kubectl(['apply', '-f', '-'], list)
  return {
    grants: grantsIn(renamed),
    kubeconfigIn: (directory: string) => kubeconfigOf(plane, { ...own, namespace }, directory),
    [Symbol.asyncDispose]: async () => {
      await plane.kubectl(['delete', '--ignore-not-found', '--wait=false', '-f', '-'], list)
    },
  }
}

interface Elsewhere {
  readonly manifest?: string
  readonly namespaces?: Readonly<Record<string, string>>
}

function renamedBy(names: ReadonlyMap<string, string>, document: Document): Document {
  const { kind, metadata, rules, roleRef, subjects } = document
  const renamed = (name: string): string => names.get(name) ?? name
  const nameFor = (of: string, name: string): string =>
    of.startsWith('Cluster') ? `${name}-${names.get(own.namespace)}` : name
  return {
    ...document,
    metadata: {
      ...metadata,
      name: kind === 'Namespace' ? renamed(metadata.name) : nameFor(kind, metadata.name),
      ...(metadata.namespace !== undefined && { namespace: renamed(metadata.namespace) }),
    },
    ...(rules && {
      rules: rules.map(each => ({
        ...each,
        ...(each.resourceNames && { resourceNames: each.resourceNames.map(renamed) }),
      })),
    }),
    ...(roleRef && { roleRef: { ...roleRef, name: nameFor(roleRef.kind, roleRef.name) } }),
    ...(subjects && {
      subjects: subjects.map(each => ({ ...each, namespace: renamed(each.namespace ?? '') })),
    }),
  }
}
