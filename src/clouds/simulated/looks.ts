import { CloudError } from '../../model/faults.ts'
import type { Rehearsals, RehearsalWish } from '../contract.ts'
import { rehearsalsOf, sizesIn } from '../rehearsing.ts'
import type { Stage } from './provider.ts'

const usualSizes = { scheduler: ['usual'], worker: ['usual'] } as const

/** There is every size, image and network, but for what a rule for `rehearse` refuses: `network`, `images`, `rights`, or a size by its name. */
export function rehearsalsOn(
  { script, now, token }: Pick<Stage, 'script' | 'now' | 'token'>,
  wish: RehearsalWish,
): Rehearsals {
  const look = async (what: string): Promise<void> => {
    const { refuse } = script('rehearse', now(), { token, offering: what })
    if (refuse !== undefined) throw new CloudError(refuse, `The simulated cloud says of ${what}: ${refuse}`)
  }
  return rehearsalsOf(sizesIn(wish, usualSizes), {
    network: () => look('network'),
    rights: () => look('rights'),
    async size(name) {
      await look(name)
      return name
    },
    image: () => look('images'),
  })
}
