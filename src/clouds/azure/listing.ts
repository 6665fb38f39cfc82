import type { Listing } from '../contract.ts'
import type { Ours } from '../marks.ts'
import type { Place } from '../own-machines.ts'
import { addressOf, belongingsIn } from './belongings.ts'
import type { Look } from './lists.ts'
import { at, failureOf, machineOf, type Sight, sightOf } from './machines.ts'
import { kindOf } from './offerings.ts'
import { leftoversIn, remnantsOf } from './remnants.ts'
import { groupOf, sameId } from './sdk.ts'
import type { Eyes } from './sizes.ts'
import { readTags } from './tags.ts'

export interface Reader extends Eyes {
  readonly ours: Ours
  readonly seal: (words: readonly string[]) => string
}

/** What lists show, in the house's words, and where each machine of ours is. */
export function listingOf(
  look: Look,
  { ours, seal, session, subscription }: Reader,
): { readonly listing: Listing; readonly places: readonly Place[] } {
  const sight = rememberedSight(look, subscription)
  const machines = look.machines.flatMap(vm => {
    const machine = machineOf(vm, ours, sight)
    return machine === undefined ? [] : [{ machine, place: groupOf(vm) }]
  })
  const leftovers = leftoversIn(look, ours, seal)
  subscription.leftovers.meet(leftovers)
  subscription.ghosts.meet(machines.map(({ machine }) => machine))
  const { lasting } = subscription.leftovers
  const belongings = [...belongingsIn(look, ours).values()]
  const addresses = belongings.flatMap(own => addressOf(own, session) ?? [])
  const kept = new Set(addresses.map(({ owner }) => owner))
  const all = [...machines.map(({ machine }) => machine), ...remnantsOf(lasting, look, ours)]
  return {
    listing: {
      machines: all.map(machine => at(machine, addresses)),
      addresses,
      remains: [
        ...leftovers.map(({ owner }) => owner),
        ...belongings.map(({ owner }) => owner).filter(({ uid }) => !kept.has(uid)),
      ],
      strangers: namedIn(look, ours) - machines.length,
    },
    places: [
      ...machines.map(({ machine, place }) => ({ id: machine.id, place })),
      ...lasting.map(({ machine, group }) => ({ id: machine, place: group })),
    ],
  }
}

/** Why machines could not be made is remembered until they are gone, and what was out of stock for all clusters. */
function rememberedSight(look: Look, { problems, outOfStock }: Eyes['subscription']): Sight {
  const names = new Set(look.machines.map(({ name }) => sameId(name)))
  for (const id of problems.keys()) if (!names.has(id)) problems.delete(id)
  for (const vm of look.machines) {
    const failure = failureOf(vm, look)
    if (failure === undefined || problems.has(failure.machine)) continue
    problems.set(failure.machine, failure.problem)
    if (failure.outOfStock !== undefined) outOfStock.note(kindOf(failure.outOfStock))
  }
  return sightOf(look, problems)
}

/** Machines that say to be this installation's, with a seal or without. */
const namedIn = ({ machines }: Look, { installation }: Ours): number =>
  machines.filter(vm => readTags(vm).installation === installation).length
