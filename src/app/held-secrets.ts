import { annotations, credentialsFinalizer } from '../api/names.ts'
import type { SecretRef } from '../kube/secrets.ts'
import { isRecord } from '../lib/parse.ts'
import { type ClusterUid, operatorSecretIn } from '../model/names.ts'
import type { Seen } from '../reconcile/ports.ts'

type Held = Pick<Seen, 'finalizers' | 'heldSecrets'>

/** What a cluster's metadata says from the moment on that one more Secret is used because of it. */
export const holding = ({ finalizers, heldSecrets = [] }: Held, name: string) => ({
  finalizers: [...new Set([...finalizers, credentialsFinalizer])],
  annotations: { [annotations.credentials]: [...heldSecrets, name].join(',') },
})

/** What it says once these are not. */
export function letting({ finalizers, heldSecrets = [] }: Held, names: readonly string[]) {
  const left = heldSecrets.filter(name => !names.includes(name))
  return {
    finalizers: left.length > 0 ? finalizers : finalizers.filter(each => each !== credentialsFinalizer),
    annotations: { [annotations.credentials]: left.length > 0 ? left.join(',') : null },
  }
}

/**
 * Whether any of these resources, as the API server has them, uses the Secret, other than those of these UIDs. One of the
 * operator's namespace is a class's, and may be used from any other.
 */
export const isUsed = (
  resources: readonly unknown[],
  { namespace, name }: SecretRef,
  except: ReadonlySet<ClusterUid>,
): boolean =>
  resources.some(resource => {
    const metadata = memberOf(resource, 'metadata')
    if (isIn(except, metadata['uid'])) return false
    // Annotations are written by users too: without a class nothing of the operator's namespace is used.
    if (operatorSecretIn(name) !== undefined)
      return memberOf(resource, 'spec')['className'] !== undefined && holds(metadata, name)
    if (metadata['namespace'] !== namespace) return false
    return (
      holds(metadata, name) || (metadata['deletionTimestamp'] === undefined && namesSecret(resource, name))
    )
  })

const isIn = (uids: ReadonlySet<unknown>, uid: unknown): boolean => uids.has(uid)

function holds(metadata: Readonly<Record<string, unknown>>, name: string): boolean {
  const { finalizers } = metadata
  const note = memberOf(metadata, 'annotations')[annotations.credentials]
  const isHolding = Array.isArray(finalizers) && finalizers.includes(credentialsFinalizer)
  return isHolding && typeof note === 'string' && note.split(',').includes(name)
}

const namesSecret = (resource: unknown, name: string): boolean =>
  memberOf(memberOf(resource, 'spec'), 'credentialsSecretRef')['name'] === name

function memberOf(raw: unknown, name: string): Readonly<Record<string, unknown>> {
  const member = isRecord(raw) ? raw[name] : undefined
  return isRecord(member) ? member : {}
}

/**
 * Which clusters are letting go of which Secret, from before it is asked who else uses it: of two that let go of one at the same
 * time each would take the other for a user of it, and nobody would take the finalizer away.
 */
export class Leaving {
  readonly #names = new Map<ClusterUid, Set<string>>()

  begin(uid: ClusterUid, { namespace, name }: SecretRef): void {
    const names = this.#names.get(uid) ?? new Set()
    this.#names.set(uid, names.add(`${namespace}/${name}`))
  }

  /** It is to use the Secret again. */
  end(uid: ClusterUid, { namespace, name }: SecretRef): void {
    this.#names.get(uid)?.delete(`${namespace}/${name}`)
  }

  of({ namespace, name }: SecretRef): ReadonlySet<ClusterUid> {
    const all = [...this.#names].filter(([, names]) => names.has(`${namespace}/${name}`))
    return new Set(all.map(([uid]) => uid))
  }

  forget(uid: ClusterUid): void {
    this.#names.delete(uid)
  }
}
