import { purpose } from '../../src/api/names.ts'
import { secretsIn } from '../../src/kube/secrets.ts'
import type { OperatorRoom } from './operator-room.ts'
import { noteCredentials } from './told.ts'

const call = () => ({ signal: AbortSignal.timeout(30_000) })

/** A Secret of credentials beside the clusters of a room. */
export async function makeCredentials(room: OperatorRoom, name: string, stringData: object): Promise<void> {
  noteCredentials(name, stringData)
  const { path } = secretsIn(room.namespaces.tenant, '')
  const metadata = { name, labels: { [purpose.label]: purpose.credentials } }
  await room.kube.request({ method: 'POST', path, body: { metadata, stringData } }, call())
}

export async function changeCredentials(room: OperatorRoom, name: string, stringData: object): Promise<void> {
  noteCredentials(name, stringData)
  const path = `${secretsIn(room.namespaces.tenant, '').path}/${name}`
  const contentType = 'application/merge-patch+json'
  await room.kube.request({ method: 'PATCH', path, contentType, body: { stringData } }, call())
}
