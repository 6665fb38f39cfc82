import type { Lifetime } from '../../src/model/cluster.ts'
import type { Random } from '../support/random.ts'
import type { Surroundings } from './operator.ts'
import type { Wish } from './store.ts'
import type { Kind } from './worlds.ts'

/** Somebody creates, changes or deletes the cluster; a deleted one may come back at once under the same name. */
export function change(around: Surroundings, kind: Kind): void {
  const { store, random } = around
  const current = store.current
  if (current === undefined) return store.create(wishOf(random))
  const dice = random.next()
  if (dice < 0.3 && kind.isForced === true) return store.force()
  if (current.cluster.phase === 'deleting') return
  if (dice < 0.2) return store.delete()
  if (dice < 0.3 && kind.statusIsLost) return store.stripStatus()
  if (dice < 0.4 && kind.statusIsLost) return store.rollBackStatus(random.below(store.history.length))
  if (dice < 0.5) return store.wish({ version: 1 + random.below(3) })
  if (dice < 0.55) return store.wish({ restart: random.hex(4) })
  if (dice < 0.65) return store.wish({ suspended: random.chance(0.5) })
  if (dice < 0.72) return endOne(around)
  if (dice < 0.8) return turn(around)
  if (dice < 0.84) return store.resume(random.hex(4))
  if (dice < 0.9) return store.wish({ lifetime: lifetimeOf(random) })
  store.wish({ replicas: random.below(7) })
}

/** Somebody comes, or goes. */
function turn({ use, clock }: Surroundings): void {
  use.isUsed = !use.isUsed
  use.since = clock.now()
}

const lifetimeOf = (random: Random): Lifetime => ({
  idleTimeoutMs: random.chance(0.5) ? 20_000 + random.below(60_000) : Infinity,
  ttlMs: random.chance(0.2) ? 60_000 + random.below(600_000) : Infinity,
})

/** Row 23: somebody ends a machine in the cloud's console. */
function endOne({ world, decoys: strangers, random }: Surroundings): void {
  const ours = world.alive.filter(({ id }) => !strangers.has(id))
  const unlucky = ours[random.below(ours.length)]
  if (unlucky !== undefined) world.end([unlucky.id])
}

const wishOf = (random: Random): Wish => ({
  replicas: random.below(7),
  suspended: false,
  version: 1,
  restart: '0',
  lifetime: lifetimeOf(random),
})
