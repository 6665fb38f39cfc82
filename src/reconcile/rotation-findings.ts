import type { CertificatesView } from '../model/certificates.ts'
import { isAlive } from '../model/machine.ts'
import type { Finding } from '../model/status.ts'
import type { World } from '../model/world.ts'
import { hindranceOf, lackOf, stageOf } from '../plan/renewal.ts'
import type { Verdict } from './verdict.ts'

type Valid = Extract<CertificatesView, { kind: 'valid' }>

/** While the authority is rolled, how far that has come. */
export function rolling(certificates: Valid): Verdict | undefined {
  const stage = stageOf(certificates)
  switch (stage.kind) {
    case 'settled':
      return undefined
    case 'introducing':
      return roll(
        'The next authority is made known: its certificates are used once every machine trusts it and the one before.',
      )
    case 'leaving':
      return roll(
        'Certificates of the new authority are used: the one before is trusted until every machine has one.',
      )
    default:
      return stage satisfies never
  }
}

const roll = (message: string): Verdict => ({ status: 'True', reason: 'AuthorityRolling', message })

/** A scheduler is never ended unasked, for what it remembers; workers in the same need are replaced. */
export function certificateEnding(world: World): readonly Finding[] {
  if (world.inventory.kind !== 'seen' || world.scheduler.kind !== 'answering') return []
  const scheduler = world.inventory.machines.find(each => each.role === 'scheduler' && isAlive(each))
  const hindrance = scheduler && hindranceOf(world, scheduler.id)
  const lack = scheduler && hindrance && lackOf(world, scheduler)
  if (!lack) return []
  const from = `${world.wallNow < lack.endsAt ? 'after' : 'since'} ${new Date(lack.endsAt).toISOString()}`
  const message = `The scheduler cannot take new certificates while it runs: ${hindrance}. With what it has, nobody can connect to it ${from}. It has new ones after the next suspend and wake, or the annotation cloud.dask.org/restart, which both end its memory.`
  return [{ type: 'UpdatePending', status: 'True', reason: 'CertificateEnding', message }]
}
