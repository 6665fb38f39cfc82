import { expect, test } from 'vitest'
import type { Resources } from '../../src/clouds/azure/lists.ts'
import { Surroundings } from '../../src/clouds/azure/surroundings.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

const nothing: Resources = { groups: [], interfaces: [], addresses: [], rules: [], members: [], networks: [] }
const running = (id: string) => ({
  machines: [{ id, location: 'westeurope', provisioningState: 'Succeeded' }],
  states: new Map([[id, ['PowerState/running']]]),
  disks: [],
})

function aSubscription() {
  const clock = new VirtualClock()
  const state = { changes: 0, lists: 0, found: nothing }
  const surroundings = new Surroundings(clock.now, () => state.changes)
  /** A look every ten seconds: how many of them asked for everything. */
  const look = async (times: number, machine = 'a'): Promise<number> => {
    const before = state.lists
    for (let at = 0; at < times; at++) {
      clock.moveTo(clock.now() + 10_000)
      await surroundings.of(running(machine), async () => {
        state.lists += 1
        return state.found
      })
    }
    return state.lists - before
  }
  return { state, look }
}

test('all is asked for while something has changed in the last minute, and at rest every third time', async () => {
  const { look } = aSubscription()
  expect(await look(7)).toBe(7)
  expect(await look(30)).toBe(10)
})

test('another machine, and anything that the operator changes, has all asked for again', async () => {
  const { state, look } = aSubscription()
  await look(10)
  expect(await look(3, 'b')).toBe(3)
  await look(10, 'b')
  state.changes += 1
  expect(await look(3, 'b')).toBe(3)
})

test('as long as anything is on its way, nothing is kept', async () => {
  const { state, look } = aSubscription()
  await look(7)
  state.found = {
    ...nothing,
    groups: [{ location: 'westeurope', properties: { provisioningState: 'Deleting' } }],
  }
  expect(await look(12)).toBeGreaterThanOrEqual(10)
})
