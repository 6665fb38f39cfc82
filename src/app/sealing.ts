import { randomBytes } from 'node:crypto'
import { isKubeError } from '../kube/fault.ts'
import { type SecretRef, Secrets } from '../kube/secrets.ts'
import type { Call } from '../lib/call.ts'
import { answered, type Surroundings } from './installation.ts'

const keyName = 'key'

/**
 * The key that machines in clouds are sealed with, kept in the operator's own namespace: made once, by whichever replica
 * comes first. Whoever copies tags cannot make a seal. Waits for an API server that does not answer yet.
 */
export async function sealingKeyOf(
  { kube, namespace, name, log }: Surroundings,
  call: Call,
): Promise<string> {
  const secrets = new Secrets(kube)
  const ref: SecretRef = { namespace, name: `${name}-seal` }
  const look = async (): Promise<string | undefined> => {
    const kept = (await secrets.read(ref, call)) ?? (await make(ref, secrets, call))
    return kept.data[keyName]
  }
  const otherwise = `the key that seals machines, Secret ${namespace}/${ref.name}, cannot be read`
  return answered(look, { log, call, otherwise })
}

async function make(ref: SecretRef, secrets: Secrets, call: Call) {
  const secret = {
    metadata: { ...ref, labels: { 'app.kubernetes.io/component': 'seal' } },
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
