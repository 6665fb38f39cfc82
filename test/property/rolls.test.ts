import { expect, test } from 'vitest'
import { memoryJournal } from '../../src/clouds/simulated/journal.ts'
import { SimulatedCloud } from '../../src/clouds/simulated/provider.ts'
import { SimulatedWorld } from '../../src/clouds/simulated/world.ts'
import { surge } from '../../src/plan/workers.ts'
import { seeded } from '../support/random.ts'
import { VirtualClock } from '../support/virtual-clock.ts'
import { OperatorProcess } from './operator.ts'
import { ourInstallation, Store, type Wish } from './store.ts'

/** A cluster on a driven clock, with nothing that goes wrong: machines boot in ten seconds and join one after the other. */
class Stage {
  readonly clock = new VirtualClock()
  readonly store = new Store(this.clock.now)
  readonly world = new SimulatedWorld({
    now: this.clock.now,
    tempo: { lagMs: 2_000, startMs: 5_000, joinMs: 5_000, endMs: 8_000 },
    journal: memoryJournal(),
  })
  readonly cloud = new SimulatedCloud({
    world: this.world,
    installation: ourInstallation,
    now: this.clock.now,
    wait: this.clock.wait,
    script: () => ({ delayMs: 300 }),
    horizonMs: 180_000,
    stableAddress: true,
  })
  readonly #operator = new OperatorProcess({
    clock: this.clock,
    store: this.store,
    cloud: this.cloud,
    world: this.world,
    offerings: ['simulated'],
    decoys: new Set(),
    secrets: new Set(),
    services: new Set(),
    use: { isUsed: false, since: 0 },
    random: seeded(1),
    api: { refused: 0, lost: 0, watchLagMs: 0 },
    crashes: () => false,
    writesAhead: true,
    trace: undefined,
    remembers: true,
    sweeps: false,
  })

  constructor(wish: Partial<Wish>) {
    const lifetime = { idleTimeoutMs: Infinity, ttlMs: Infinity }
    const rest = { suspended: false, version: 1, restart: '0', lifetime }
    this.store.create({ replicas: 0, ...rest, ...wish })
  }

  get alive(): number {
    return this.world.alive.filter(({ tags }) => tags.role === 'worker').length
  }

  get serving(): number {
    const uid = this.store.current?.cluster.uid
    const view = uid && this.cloud.schedulers.view(uid)
    return view?.kind === 'answering' ? view.workers.filter(({ status }) => status === 'running').length : 0
  }

  isDone({ replicas, version }: Pick<Wish, 'replicas' | 'version'>): boolean {
    const workers = this.world.alive.filter(({ tags }) => tags.role === 'worker')
    const isNew = workers.every(({ tags }) => tags.fingerprint === `v1:${version}`)
    return isNew && workers.length === replicas && this.serving === replicas
  }

  /** Passes until it is so; `look` after each. Throws where it does not come to that within half an hour. */
  async until(isMet: () => boolean, look: () => void = () => undefined): Promise<void> {
    const end = this.clock.now() + 1_800_000
    while (!isMet()) {
      if (this.clock.now() > end) throw new Error(`${this.alive} live, ${this.serving} serve`)
      const next = await this.clock.finish(this.#operator.pass())
      look()
      this.clock.moveTo(this.clock.now() + Math.min(500, next?.kind === 'again' ? next.afterMs : 500))
      look()
    }
  }
}

test.each(Array.from({ length: 12 }, (_, at) => at + 1))(
  'a roll of %i workers: never more live than wanted and surge, never fewer serve than wanted',
  async replicas => {
    const stage = new Stage({ replicas })
    await stage.until(() => stage.isDone({ replicas, version: 1 }))
    stage.store.wish({ version: 2 })
    const seen = { most: 0, fewest: Infinity }
    await stage.until(
      () => stage.isDone({ replicas, version: 2 }),
      () => {
        seen.most = Math.max(seen.most, stage.alive)
        seen.fewest = Math.min(seen.fewest, stage.serving)
      },
    )
    expect(seen).toEqual({ most: replicas + surge(replicas), fewest: replicas })
    expect(stage.world.machines.filter(({ tags }) => tags.role === 'worker')).toHaveLength(2 * replicas)
  },
)

test.each(Array.from({ length: 20 }, (_, at) => 1 + 3 * at))(
  'a roll %i s into a roll: the same bounds, and only the newest version is left',
  async seconds => {
    const stage = new Stage({ replicas: 8 })
    await stage.until(() => stage.isDone({ replicas: 8, version: 1 }))
    const look = (): void => {
      expect(stage.alive).toBeLessThanOrEqual(10)
      expect(stage.serving).toBeGreaterThanOrEqual(8)
    }
    stage.store.wish({ version: 2 })
    const turn = stage.clock.now() + seconds * 1_000
    await stage.until(() => stage.clock.now() >= turn, look)
    stage.store.wish({ version: 3 })
    await stage.until(() => stage.isDone({ replicas: 8, version: 3 }), look)
  },
)

test.each(Array.from({ length: 12 }, (_, at) => 5 * at))(
  'fewer are wanted %i s into a roll: what lives only shrinks to the new bound, and as many serve as are wanted',
  async seconds => {
    const stage = new Stage({ replicas: 8 })
    await stage.until(() => stage.isDone({ replicas: 8, version: 1 }))
    stage.store.wish({ version: 2 })
    const turn = stage.clock.now() + seconds * 1_000
    await stage.until(() => stage.clock.now() >= turn)
    stage.store.wish({ replicas: 3 })
    let bound = stage.alive
    await stage.until(
      () => stage.isDone({ replicas: 3, version: 2 }),
      () => {
        bound = Math.max(4, Math.min(bound, stage.alive))
        expect(stage.alive).toBeLessThanOrEqual(bound)
        expect(stage.serving).toBeGreaterThanOrEqual(3)
      },
    )
  },
)
