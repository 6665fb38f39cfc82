import type { Parsed } from '../api/resource.ts'
import type { Sighting } from '../reconcile/ports.ts'

/** What a pass makes of a resource that was read. */
export function sightingOf(parsed: Parsed): Sighting {
  switch (parsed.kind) {
    case 'valid':
      return { kind: 'seen', seen: parsed.resource }
    case 'invalid':
      return {
        kind: 'invalid',
        subject: parsed.identity,
        reason: 'InvalidSpec',
        problem: parsed.problems.join('; '),
      }
    case 'unknown-cloud':
      return {
        kind: 'invalid',
        subject: parsed.identity,
        reason: 'UnknownCloud',
        problem: `spec.cloud.${parsed.name}: this version of the operator does not know that cloud`,
      }
    default:
      return parsed satisfies never
  }
}
