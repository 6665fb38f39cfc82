import { randomBytes } from 'node:crypto'
import { finalizer } from '../api/names.ts'
import { Clusters } from '../kube/clusters.ts'
import { isKubeError } from '../kube/fault.ts'
import { type SecretRef, Secrets } from '../kube/secrets.ts'
import type { Call } from '../lib/call.ts'
import { isRecord } from '../lib/parse.ts'
import { answered, type Installation, identityNote, type Surroundings, sealRef } from './installation.ts'

const keyName = 'key'

export interface Sealing extends Surroundings, Pick<Installation, 'toldBy'> {
  /** Where clusters are looked for; everywhere where it is empty. */
  readonly namespaces: readonly string[]
}

/**
 * The key that machines in clouds are sealed with, kept in the operator's own namespace: made once, by whichever replica
 * comes first. Whoever copies tags cannot make a seal. Waits for an API server that does not answer yet.
 */
export async function sealingKeyOf(surroundings: Sealing, call: Call): Promise<string> {
  const { kube, namespace, log } = surroundings
  const secrets = new Secrets(kube)
  const ref = sealRef(surroundings)
  const makeAnew = async () => {
    const made = await make(ref, surroundings, call)
    await tell(ref, surroundings, call)
    return made
  }
  const look = async (): Promise<string | undefined> => {
    const kept = (await secrets.read(ref, call)) ?? (await makeAnew())
    return kept.data[keyName]
  }
  const otherwise = `the key that seals machines, Secret ${namespace}/${ref.name}, cannot be read`
  return answered(look, { log, call, otherwise })
}

async function make(ref: SecretRef, { kube, toldBy }: Sealing, call: Call) {
  const secrets = new Secrets(kube)
  const labels = { 'app.kubernetes.io/component': 'seal' }
  const secret = {
    metadata: { ...ref, labels, annotations: identityNote({ toldBy }) },
    type: 'Opaque',
    immutable: true,
    data: { [keyName]: randomBytes(32).toString('base64') },
  }
  try {
    return await secrets.create(secret, call)
  } catch (error) {
    const theirs = isKubeError(error, 409) ? await secrets.read(ref, call) : undefined
    if (theirs === undefined) throw error
    return theirs
  }
}

/** A key is made at the first start, before any cluster: later it takes the place of one that was lost. */
async function tell({ namespace, name }: SecretRef, sealing: Sealing, call: Call): Promise<void> {
  const { kube, log, namespaces } = sealing
  const clusters = new Clusters(kube)
  const where = namespaces.length === 0 ? [undefined] : namespaces
  try {
    const lists = await Promise.all(where.map(each => clusters.list(each, call)))
    const count = lists.flatMap(({ items }) => items.filter(isInCare)).length
    if (count > 0)
      log.error(
        { clusters: count, secret: `${namespace}/${name}` },
        'the key that seals machines was lost and is made anew: machines that were launched before are not known as ours in clouds that seal them. Put the old Secret back, or end them by hand',
      )
  } catch (error) {
    log.warn(
      { err: error },
      'the key that seals machines is made; whether clusters were there before is not known',
    )
  }
}

const isInCare = (raw: unknown): boolean => {
  const metadata = isRecord(raw) && isRecord(raw['metadata']) ? raw['metadata'] : {}
  const finalizers: unknown = metadata['finalizers']
  return Array.isArray(finalizers) && finalizers.includes(finalizer)
}
