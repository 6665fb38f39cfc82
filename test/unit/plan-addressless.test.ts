import { expect, test } from 'vitest'
import type { KeptNetwork, Machine, MachineState } from '../../src/model/machine.ts'
import { machineId } from '../../src/model/names.ts'
import type { World } from '../../src/model/world.ts'
import { endpointsFor } from '../../src/plan/endpoints.ts'
import { plan } from '../../src/plan/plan.ts'
import { aLaunch, aMachine, aScheduler, aWorker, aWorld, type Seeing } from '../support/a-world.ts'

const promises = { horizonMs: 180_000, maxBatch: 100, stableAddress: false, keepsNetwork: true } as const

interface Sight extends Seeing {
  readonly network?: KeptNetwork | undefined
}

/** A cluster of two workers in a cloud that keeps no address, with its network made unless given otherwise. */
function addressless({ network = {}, world, ...seeing }: Sight = {}): World {
  const before = aWorld({ replicas: 2, ...seeing, world: { promises, ...world } })
  if (before.inventory.kind !== 'seen') throw new Error('nothing is seen')
  return { ...before, inventory: { ...before.inventory, address: undefined, network } }
}

const unmade = (world: World): World =>
  world.inventory.kind === 'seen'
    ? { ...world, inventory: { ...world.inventory, network: undefined } }
    : world

const starting: MachineState = { kind: 'starting' }
const numbered = (machine: Machine, seq: number): Machine => ({ ...machine, seq })
const typesOf = (world: World) => plan(world).map(({ type }) => type)
const recorded = (world: World) =>
  plan(world).flatMap(step =>
    step.type === 'record-launches' ? step.launches.map(({ role, count }) => `${count} ${role}`) : [],
  )

test('the firewall comes before the first machine', () => {
  expect(plan(unmade(addressless()))).toEqual([
    { type: 'reserve-address', because: 'its firewall must be there before its machines' },
  ])
})

test('the scheduler comes alone, and workers once it has an address', () => {
  expect(recorded(addressless())).toEqual(['1 scheduler'])
  expect(recorded(addressless({ machines: [aScheduler({ state: starting })] }))).toEqual([])
  expect(recorded(addressless({ machines: [aScheduler()] }))).toEqual(['2 worker'])
})

test('no worker is launched for a scheduler that was asked to end and is listed still', () => {
  const terminated = new Map([[machineId('s'), 1]])
  const world = addressless({ machines: [aScheduler()], memory: { terminated } })
  expect(recorded(world)).toEqual(['1 scheduler'])
})

test('a record of workers is not sent while their scheduler has no address', () => {
  const launches = [aLaunch('0000000000000001')]
  const started = addressless({ replicas: 1, launches, machines: [aScheduler()] })
  const waiting = addressless({ replicas: 1, launches, machines: [aScheduler({ state: starting })] })
  expect(typesOf(started)).toContain('send-launches')
  expect(typesOf(waiting)).not.toContain('send-launches')
})

test('workers that were launched before their scheduler end at once, even while it starts, and others do not', () => {
  const machines = [
    numbered(aScheduler({ state: starting }), 3),
    numbered(aMachine('w1'), 2),
    numbered(aMachine('w2'), 4),
  ]
  expect(plan(addressless({ machines }))).toEqual([
    {
      type: 'terminate',
      machines: ['w1'],
      because: 'they know a scheduler that is gone, and nobody can ask them any more',
    },
  ])
})

test('as long as there is no other scheduler, workers stay', () => {
  const machines = [numbered(aMachine('w1'), 2), numbered(aMachine('w2'), 2)]
  expect(recorded(addressless({ machines }))).toEqual(['1 scheduler'])
  expect(typesOf(addressless({ machines }))).not.toContain('terminate')
})

test('where the address is kept, workers outlive their scheduler', () => {
  const machines = [numbered(aScheduler(), 3), numbered(aMachine('w1'), 2), numbered(aMachine('w2'), 2)]
  const workers = [aWorker('w1'), aWorker('w2')]
  expect(plan(aWorld({ replicas: 2, machines, workers }))).toEqual([])
})

test('a firewall that lets others through is corrected while everything serves', () => {
  const machines = [aScheduler(), aMachine('w1'), aMachine('w2')]
  const workers = [aWorker('w1'), aWorker('w2')]
  const seeing = { machines, workers, world: { admitted: ['203.0.113.0/24'] } }
  expect(plan(addressless({ ...seeing, network: { admitted: ['198.51.100.0/24'] } }))).toEqual([
    {
      type: 'reserve-address',
      because: 'others may reach the scheduler than its firewall lets through',
    },
  ])
  expect(plan(addressless({ ...seeing, network: { admitted: ['203.0.113.0/24'] } }))).toEqual([])
})

test('the network goes once the machines are gone', () => {
  expect(plan(addressless({ phase: 'deleting', memory: { lastCloudWrite: 0 } }))).toEqual([
    { type: 'release-address', because: 'its machine is gone' },
  ])
})

test('a scheduler is told no address, and workers that of its machine', () => {
  const world = addressless({ machines: [aScheduler()] })
  expect(endpointsFor(world, 'scheduler')).toBeUndefined()
  expect(endpointsFor(world, 'worker')?.internal).toEqual({ host: '10.0.0.7', port: 8786 })
})
