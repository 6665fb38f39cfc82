import type { Action } from '../../src/model/action.ts'
import { plan } from '../../src/plan/plan.ts'
import { aWorld } from './a-world.ts'

/** A step in a word, with whom it is about. */
function inWords(action: Action): string {
  switch (action.type) {
    case 'record-launches':
      return `record ${action.launches.map(({ count, group }) => `${count} ${group}`).join(', ')}`
    case 'send-launches':
      return `send ${action.launches.length}`
    case 'settle-launches':
      return `settle ${action.drop.length} dropped ${action.forget.length} forgotten`
    case 'drain-workers':
    case 'close-workers':
    case 'give-up':
    case 'terminate':
      return `${action.type} ${action.machines.join(' ')}`
    default:
      return action.type
  }
}

/** What is planned for a world, each step in a word. */
export const steps = (...seeing: Parameters<typeof aWorld>): readonly string[] =>
  plan(aWorld(...seeing)).map(inWords)
