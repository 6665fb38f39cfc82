import type { Finding } from '../model/status.ts'
import type { World } from '../model/world.ts'
import { no, yes } from './verdict.ts'

/** What a class has to say about a cluster that runs by it; nothing where there is none. */
export function ofClass({ cluster: { class: classed } }: World): readonly Finding[] {
  if (classed === undefined) return []
  const { record, refusal, pending } = classed
  const message = `It is what class ${record.name} lets it be.`
  return [
    {
      type: 'WithinClass',
      ...(refusal === undefined ? yes('Allowed', message) : no(refusal.reason, goesOn(refusal.problem))),
    },
    ...(pending === undefined
      ? []
      : [{ type: 'ClassUpdatePending', ...yes(pending.reason, `${pending.problem}.`) }]),
  ]
}

/** A person has asked for what is not to be had. */
export function refusedByClass({ cluster: { class: classed } }: World): readonly Finding[] {
  const refusal = classed?.refusal
  return refusal === undefined ? [] : [{ type: 'Stalled', ...yes(refusal.reason, goesOn(refusal.problem)) }]
}

const goesOn = (problem: string): string =>
  `${problem}. Nothing of the change is taken up, and the cluster goes on as it was.`
