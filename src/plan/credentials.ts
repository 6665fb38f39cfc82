import type { Action } from '../model/action.ts'
import type { World } from '../model/world.ts'

/** Nothing is asked of a cloud before its credentials are there, good, and sure to stay. */
export function isLetIn({ credentials, heldSecrets }: World): boolean {
  if (credentials.kind === 'unneeded') return true
  if (credentials.kind !== 'ready' || !credentials.isHeld) return false
  return credentials.secret === undefined || heldSecrets.includes(credentials.secret)
}

/** A Secret is held before it is used, and the one before it is let go once the new one is held. */
export function planCredentials(world: World): readonly Action[] {
  const { credentials } = world
  if (!isLetIn(world)) {
    if (credentials.kind !== 'ready' || credentials.secret === undefined) return []
    return [{ type: 'hold-credentials', secret: credentials.secret, because: 'the cluster uses them' }]
  }
  return drop(world.heldSecrets.filter(name => name !== world.cluster.credentials?.name))
}

/** The last that becomes of a cluster. */
export const planParting = ({ heldSecrets }: World): readonly Action[] => drop(heldSecrets)

const drop = (secrets: readonly string[]): readonly Action[] =>
  secrets.length === 0
    ? []
    : [{ type: 'drop-credentials', secrets, because: 'the cluster does not use them any more' }]
