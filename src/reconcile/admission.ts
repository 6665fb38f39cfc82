import type { Finding } from '../model/status.ts'
import { networkIn, type World } from '../model/world.ts'

/**
 * Nothing says where the operator comes from, and the scheduler's firewall is ours: as long as no scheduler answers,
 * that may be why. Where the user's own firewall is in front of it, nobody here knows whom it lets in.
 */
export function admission({
  cluster,
  inventory,
  scheduler,
  admitted,
  namesOperator,
}: World): readonly Finding[] {
  if (cluster.phase !== 'wanted' || namesOperator || scheduler.kind === 'answering') return []
  if (inventory.kind !== 'seen' || networkIn(inventory)?.admitted === undefined) return []
  const nobody = admitted.length === 0
  const found = nobody
    ? 'Nobody but its workers is let through to the scheduler, the operator neither'
    : 'It is not known whether the ranges of spec.network.allowedCIDRs let the operator through to the scheduler'
  const message = `${found}: set --operator-cidrs to where the operator comes from, or add that to spec.network.allowedCIDRs.`
  return [
    { type: 'OperatorAdmitted', status: nobody ? 'False' : 'Unknown', reason: 'NoOperatorCIDRs', message },
  ]
}
