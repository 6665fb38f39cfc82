import type { Holding, Look, Place } from '../controller/sweeper.ts'
import type { Reflector } from '../kube/reflector.ts'
import type { Secrets, StoredSecret } from '../kube/secrets.ts'
import type { Call } from '../lib/call.ts'
import { isAlive, isThere } from '../model/machine.ts'
import { machineId, readClusterKey, readClusterUid } from '../model/names.ts'
import { clusterAnnotation, secretLabels } from '../pki/secret.ts'
import type { Led } from './led.ts'
import type { Reached } from './rooms.ts'

const changeMs = 10_000
const address = 'address'

interface Sweepable extends Pick<Reached, 'scope' | 'inventory'> {
  readonly members: Pick<Reached['members'], 'terminate' | 'releaseAddress'>
}

/** What a scope of a cloud holds: machines first, an owner's address once none of its machines is there. */
export function scopePlace({ scope, members, inventory }: Sweepable): Place {
  return {
    name: scope,
    look: () => lookAt(inventory.newest),
    async clear(holdings, call) {
      const machines = holdings
        .flatMap(({ items }) => items)
        .filter(item => item !== address)
        .map(machineId)
      inventory.expectEnd(machines)
      if (machines.length > 0) await members.terminate(machines, call)
      for (const { owner } of holdings.filter(({ items }) => items.includes(address)))
        await members.releaseAddress(owner, call)
    },
  }
}

function lookAt(list: Sweepable['inventory']['newest']): Look | undefined {
  if (list === undefined) return undefined
  const machines = Map.groupBy(list.machines.filter(isThere), ({ owner }) => owner)
  const held = [...machines.values()].flatMap((all): readonly Holding[] => {
    const [first] = all
    const items = all.filter(isAlive).map(({ id }) => id)
    return first === undefined || items.length === 0
      ? []
      : [{ owner: first.owner, key: first.key, items, machines: items.length }]
  })
  // What was made by half, too: groups without an interface, an address of the internet without either.
  const halves = (list.remains ?? []).map(({ uid, key }) => ({ owner: uid, key }))
  const kept = [...list.addresses, ...(list.networks ?? []), ...halves]
    .filter(({ owner }) => !machines.has(owner))
    .map(({ owner, key }) => ({ owner, key, items: [address], machines: 0 }))
  return { startedAt: list.startedAt, holdings: [...held, ...kept] }
}

export interface KeptSecrets {
  readonly own: Reflector<StoredSecret>
  readonly secrets: Secrets
  readonly now: () => number
  readonly led: Led
}

/** The operator's own Secrets of clusters; those in tenants' namespaces go with their owners. */
export function secretsPlace({ own, secrets, now, led }: KeptSecrets): Place {
  const named = (names: readonly string[]): readonly StoredSecret[] =>
    own.list().filter(({ metadata }) => names.includes(metadata.name))
  return {
    name: 'secrets',
    look: () => ({ startedAt: now(), holdings: secretsHeld(own.list()) }),
    async clear(holdings, call: Call) {
      for (const { metadata } of named(holdings.flatMap(({ items }) => items)))
        await led(changeMs, call, limit => secrets.remove(metadata, metadata.uid, limit))
    },
  }
}

/** A label that somebody wrote and that is no UID is nobody's. */
function secretsHeld(all: readonly StoredSecret[]): readonly Holding[] {
  const owners = Map.groupBy(all, ({ metadata }) => readClusterUid(metadata.labels[secretLabels.uid] ?? ''))
  return [...owners].flatMap(([owner, secrets]) =>
    owner === undefined
      ? []
      : [
          {
            owner,
            key: readClusterKey(secrets[0]?.metadata.annotations[clusterAnnotation] ?? ''),
            items: secrets.map(({ metadata }) => metadata.name).toSorted(),
            machines: 0,
          },
        ],
  )
}
