import { unreachable } from '../lib/unreachable.ts'
import type { Action } from '../model/action.ts'
import type { World } from '../model/world.ts'

/** Certificates are there before any machine is. A Secret of somebody else's is left alone, and said to be there. */
export function planCertificates({
  certificates,
  now,
}: Pick<World, 'certificates' | 'now'>): readonly Action[] {
  switch (certificates.kind) {
    case 'missing':
    case 'removed':
      return [{ type: 'issue-certificates', because: 'none were there yet' }]
    case 'broken':
      return [{ type: 'issue-certificates', because: certificates.problem }]
    case 'valid':
      return now < certificates.renewAt
        ? []
        : [{ type: 'issue-certificates', because: certificates.flaw ?? 'renewal is due' }]
    case 'foreign':
    case 'refused':
    case 'awaited':
    case 'silent':
      return []
    default:
      return unreachable(certificates)
  }
}
