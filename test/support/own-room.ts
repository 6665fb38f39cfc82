import { randomBytes } from 'node:crypto'
import { secretLabels } from '../../src/pki/secret.ts'
import type { SharedControlPlane } from './control-plane.ts'
import type { OperatorProcess } from './operator.ts'
import { OperatorRoom } from './operator-room.ts'
import { healthPort, sampled, scraped } from './scrape.ts'

/** A room whose operator and clusters are in a namespace of their own, so that rooms can be open side by side. */
export interface OwnRoom extends AsyncDisposable {
  readonly room: OperatorRoom
  readonly namespace: string
  /** Names of the Secrets that a cluster has, the client's among them. */
  secretsOf(uid: string): Promise<readonly string[]>
  /** All events of the namespace, as JSON. */
  events(): Promise<string>
}

export async function ownRoom(plane: SharedControlPlane): Promise<OwnRoom> {
  const namespace = `room-${randomBytes(4).toString('hex')}`
  await plane.kubectl(['create', 'namespace', namespace])
  const room = await OperatorRoom.open({ ...plane, namespace })
  const kubectl = (...args: readonly string[]): Promise<string> =>
    plane.kubectl(['--namespace', namespace, ...args])
  return {
    room,
    namespace,
    async secretsOf(uid) {
      const found = await kubectl('get', 'secrets', '-l', `${secretLabels.uid}=${uid}`, '-o', 'name')
      return found.split('\n').filter(name => name !== '')
    },
    events: () => kubectl('get', 'events.events.k8s.io', '-o', 'json'),
    async [Symbol.asyncDispose]() {
      await room[Symbol.asyncDispose]()
      await plane.kubectl(['delete', 'namespace', namespace, '--wait=false'])
    },
  }
}

/** A metric of an operator, summed over the samples that have all of `labels`. */
export async function metricOf(
  operator: OperatorProcess,
  name: string,
  ...labels: string[]
): Promise<number> {
  return sampled((await scraped(healthPort(await operator.log()))).body, name, ...labels)
}
