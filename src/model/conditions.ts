import type { Condition, Finding } from './status.ts'

/** The longest message that the custom resource takes. */
const messageMax = 1024

/** Nobody has ever made this statement: the time that the resource's own default carries. */
const never = '1970-01-01T00:00:00Z'

/** Ready first, what a person must act on next, the rest by name: the same order in every write. */
const first = ['Ready', 'Stalled', 'Reconciling']

export interface Moment {
  readonly generation: number
  /** RFC 3339. */
  readonly at: string
}

/**
 * The conditions after a look that found `findings`, as the API conventions have them: the time of a transition moves
 * only with its status, and a condition that was not found any more is gone.
 */
export function updatedConditions(
  before: readonly Condition[],
  findings: readonly Finding[],
  { generation, at }: Moment,
): readonly Condition[] {
  return findings
    .map(finding => {
      const old = before.find(({ type }) => type === finding.type)
      const lasts = old?.status === finding.status && old.lastTransitionTime !== never
      return fitting({
        ...finding,
        observedGeneration: generation,
        lastTransitionTime: lasts ? old.lastTransitionTime : at,
      })
    })
    .toSorted(inOrder)
}

/** Cut to what the custom resource takes: a long message must not keep the whole status from being written. */
export function fitting(condition: Condition): Condition {
  if (condition.message.length <= messageMax) return condition
  const characters = Array.from(condition.message)
  if (characters.length <= messageMax) return condition
  return { ...condition, message: `${characters.slice(0, messageMax - 1).join('')}…` }
}

function inOrder(a: Condition, b: Condition): number {
  return rank(a) - rank(b) || (a.type < b.type ? -1 : 1)
}

function rank({ type }: Condition): number {
  const at = first.indexOf(type)
  return at === -1 ? first.length : at
}
