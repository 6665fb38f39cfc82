import { describe, expect, test } from 'vitest'
import { machineId } from '../../src/model/names.ts'
import type { InventoryView } from '../../src/model/world.ts'
import { Casualties } from '../../src/reconcile/casualties.ts'
import { aMachine, aScheduler, aWorld, now } from '../support/a-world.ts'
import { steps } from '../support/plan-steps.ts'

const mending = (machines: readonly ReturnType<typeof aMachine>[]): InventoryView => {
  const { inventory } = aWorld({ machines })
  if (inventory.kind !== 'seen' || inventory.address === undefined) throw new Error('it has an address')
  return { ...inventory, address: { ...inventory.address, hasSurplus: true } }
}

describe('a machine that somebody switched off', () => {
  const off = { kind: 'stopped' } as const

  test('is ended, be it a worker or a scheduler that has served', () => {
    expect(
      steps({ machines: [aScheduler({ state: off }), aMachine('w1', { state: off })], replicas: 1 }),
    ).toEqual(['terminate s w1'])
  })

  test('makes no other one too many: what is left of a machine that could not be made is such a one', () => {
    const machines = [aScheduler(), aMachine('w1', { state: off }), aMachine('w2')]
    expect(steps({ machines, replicas: 1, workers: [] })).toEqual(['terminate w1'])
  })

  test('is counted as missing once it was asked to end', () => {
    const memory = { terminated: new Map([[machineId('w1'), now - 1_000]]) }
    const machines = [aScheduler(), aMachine('w1', { state: off })]
    expect(steps({ machines, replicas: 1, memory, workers: [] })).toEqual(['record 1 default'])
  })
})

describe('an address that is there and is not as it should be', () => {
  test('is mended while machines come and go: mending it may fail for ever', () => {
    const inventory = mending([aScheduler()])
    expect(steps({ replicas: 1, workers: [], world: { inventory } })).toEqual([
      'reserve-address',
      'record 1 default',
    ])
  })
})

const changed = (machines: readonly ReturnType<typeof aMachine>[]) => {
  const { inventory } = aWorld({ machines })
  if (inventory.kind !== 'seen' || inventory.address === undefined) throw new Error('it has an address')
  const address = { ...inventory.address, network: 'Public own' }
  return {
    replicas: 0,
    workers: [],
    world: { inventory: { ...inventory, address }, network: 'Private own' },
  }
}

describe('an address whose exposure, groups or SSH are not as asked for', () => {
  test('is mended under its scheduler', () => {
    expect(steps(changed([aScheduler()]))).toEqual(['reserve-address'])
  })

  test('has no scheduler launched into it', () => {
    expect(steps({ ...changed([]), replicas: 1 })).toEqual(['reserve-address'])
  })

  test('is as asked for where its cloud has nothing to choose', () => {
    const { world, ...seeing } = changed([aScheduler()])
    expect(steps({ ...seeing, world: { ...world, network: undefined } })).toEqual([])
  })
})

describe('a row 5 deletion', () => {
  test('waits for an address that was asked for and that no list has shown', () => {
    const lists = { startedAt: now - 1_000, previousStartedAt: now - 3_000, missing: 0, remains: false }
    const empty = { kind: 'seen', address: undefined, machines: [], listed: new Set<never>() } as const
    const world = { inventory: { ...empty, ...lists }, certificates: { kind: 'removed' } } as const
    const since = (ago: number) =>
      ({ phase: 'deleting', world, memory: { reservingSince: now - ago } }) as const
    expect(steps(since(10_000))).toEqual([])
    expect(steps(since(600_000))).toEqual(['release'])
  })
})

describe('a machine that its cloud ended before it ran', () => {
  const problem = 'AWS ended a machine before it ran: Client.InternalError'
  const gone = { kind: 'gone', problem } as const

  test('is told of once, and only where it is as asked for now', () => {
    const casualties = new Casualties()
    casualties.meet(aWorld().cluster, aWorld().inventory)
    const machines = [aMachine('w1', { state: gone }), aMachine('w2', { state: gone, version: 'old' })]
    const { cluster, inventory } = aWorld({ machines, replicas: 1 })
    expect(casualties.meet(cluster, inventory)).toEqual([{ group: 'default', problem }])
    expect(casualties.meet(cluster, inventory)).toEqual([])
  })

  test('is told of once for all of its group, and not at all where the first list shows it', () => {
    const machines = ['w1', 'w2', 'w3'].map(id => aMachine(id, { state: gone }))
    const { cluster, inventory } = aWorld({ machines, replicas: 3 })
    expect(new Casualties().meet(cluster, inventory)).toEqual([])
    const casualties = new Casualties()
    casualties.meet(cluster, aWorld().inventory)
    expect(casualties.meet(cluster, inventory)).toEqual([{ group: 'default', problem }])
  })

  test('says nothing where somebody asked for its end', () => {
    const { cluster, inventory } = aWorld({ machines: [aMachine('w1', { state: { kind: 'gone' } })] })
    expect(new Casualties().meet(cluster, inventory)).toEqual([])
  })
})
