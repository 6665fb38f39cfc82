import { operatorSecretIn } from '../model/names.ts'
import type { Finding } from '../model/status.ts'
import type { World } from '../model/world.ts'
import type { Outcome } from './act.ts'
import type { Verdict } from './verdict.ts'

/** Whether the operator is let into the cluster's cloud; nothing is said where no credentials are asked for. */
export function credentialsReady(
  { credentials, inventory }: World,
  outcomes: readonly Outcome[],
): readonly Verdict[] {
  const [refusal] = outcomes.flatMap(outcome => refusalIn(outcome) ?? [])
  switch (credentials.kind) {
    case 'unneeded':
      return []
    case 'refused':
      return [{ status: 'False', reason: credentials.reason, message: credentials.problem }]
    case 'silent':
      return [{ status: 'Unknown', reason: 'Unreadable', message: credentials.problem }]
    case 'ready':
      if (refusal !== undefined) return [{ status: 'False', ...refusal }]
      if (inventory.kind !== 'seen') return [{ status: 'Unknown', reason: 'Unproved', message: unproved }]
      return [{ status: 'True', reason: 'Accepted', message: acceptedFrom(credentials.secret) }]
    default:
      return credentials satisfies never
  }
}

const unproved = 'The cloud has not answered: nobody knows whether it takes the credentials.'

function acceptedFrom(secret: string | undefined): string {
  if (secret === undefined) return 'The cloud takes the operator’s own identity.'
  const isOfClass = operatorSecretIn(secret) !== undefined
  return isOfClass
    ? 'The cloud takes the credentials of the class.'
    : `The cloud takes what is in Secret ${secret}.`
}

/** The cloud may list its machines to credentials that may do nothing else. */
function refusalIn(outcome: Outcome): Pick<Finding, 'reason' | 'message'> | undefined {
  if (outcome.kind !== 'failed') return undefined
  const { action, fault, problem } = outcome
  if (action.type === 'hold-credentials') return { reason: 'NotHeld', message: problem }
  const isOfCloud = action.type !== 'delete-cluster' && action.type !== 'issue-certificates'
  return isOfCloud && fault === 'unauthorized' ? { reason: 'Unauthorized', message: problem } : undefined
}
