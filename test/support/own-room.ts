import { secretLabels } from '../../src/pki/secret.ts'
import type { SharedControlPlane } from './control-plane.ts'
import type { OperatorProcess } from './operator.ts'
import { OperatorRoom } from './operator-room.ts'
import { healthPort, sampled, scraped } from './scrape.ts'

/** A room apart, so that rooms can be open side by side, and what Kubernetes knows of its clusters. */
export interface OwnRoom extends AsyncDisposable {
  readonly room: OperatorRoom
  /** Names of the Secrets that a cluster has, the client's among them. */
  secretsOf(uid: string): Promise<readonly string[]>
  /** All events of the operator's namespace and the clusters', as JSON. */
  events(): Promise<string>
}

export async function ownRoom(plane: SharedControlPlane): Promise<OwnRoom> {
  const room = await OperatorRoom.openApart(plane)
  const inBoth = async (...args: readonly string[]): Promise<string> => {
    const namespaces = Object.values(room.namespaces)
    const all = await Promise.all(namespaces.map(each => plane.kubectl(['--namespace', each, ...args])))
    return all.join('\n')
  }
  return {
    room,
    async secretsOf(uid) {
      const found = await inBoth('get', 'secrets', '-l', `${secretLabels.uid}=${uid}`, '-o', 'name')
      return found.split('\n').filter(name => name !== '')
    },
    events: () => inBoth('get', 'events.events.k8s.io', '-o', 'json'),
    [Symbol.asyncDispose]: () => room[Symbol.asyncDispose](),
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
