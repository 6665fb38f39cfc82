import { expect, test } from 'vitest'
import type { Listing } from '../../src/clouds/contract.ts'
import { Inventory } from '../../src/clouds/inventory.ts'
import { CloudError } from '../../src/model/faults.ts'
import { aMachine, aScheduler } from '../support/a-world.ts'

const owner = aScheduler().owner
const call = { signal: new AbortController().signal }

/** Lists in the order given; an error is a list that failed. Each takes place a second after the one before. */
function anInventory(...lists: readonly (Listing['machines'] | CloudError)[]) {
  let at = 0
  let next = 0
  const list = async (): Promise<Listing> => {
    const found = lists[next++] ?? []
    if (found instanceof CloudError) throw found
    return { machines: found, addresses: [] }
  }
  const inventory = new Inventory({ list }, () => at)
  inventory.attend(owner, 'busy')
  return { inventory, look: (afterMs = 1_000) => ((at += afterMs), inventory.refresh(call)) }
}

const ids = ({ inventory }: { readonly inventory: Inventory }): readonly string[] => {
  const view = inventory.view(owner)
  return view.kind === 'seen' ? view.machines.map(({ id }) => id) : [view.problem]
}

const unavailable = new CloudError('unavailable', 'The cloud is down')

test('before the first complete list nothing is known', async () => {
  const one = anInventory(unavailable, [aMachine('w1')])
  expect(ids(one)).toEqual(['The cloud has not been listed yet'])
  await one.look()
  expect(ids(one)).toEqual(['The cloud is down'])
  await one.look()
  expect(ids(one)).toEqual(['w1'])
})

test('what is missing from one list is doubtful and stays, from two it is gone', async () => {
  const one = anInventory([aMachine('w1')], [], [])
  await one.look()
  await one.look()
  expect(ids(one)).toEqual(['w1'])
  await one.look()
  expect(ids(one)).toEqual([])
})

test('row 26: a list that failed is no empty one', async () => {
  const one = anInventory([aMachine('w1')], unavailable, unavailable)
  await one.look()
  await one.look()
  expect(ids(one)).toEqual(['w1'])
  await one.look(60_000)
  expect(ids(one)).toEqual(['The cloud is down'])
})

test('an explicit end is believed at first sight', async () => {
  const one = anInventory([aMachine('w1')], [aMachine('w1', { state: { kind: 'gone' } })])
  await one.look()
  await one.look()
  const view = one.inventory.view(owner)
  expect(view.kind === 'seen' && view.machines.map(({ state }) => state.kind)).toEqual(['gone'])
})

test('only clusters with news are told', async () => {
  const one = anInventory([aMachine('w1')], [aMachine('w1')], [aMachine('w1'), aMachine('w2')])
  const told = [await one.look(), await one.look(), await one.look()]
  expect(told.map(owners => [...owners])).toEqual([[owner], [], [owner]])
})

test('one list at a time, whoever asks', async () => {
  const one = anInventory([aMachine('w1')], [aMachine('w2')])
  await Promise.all([one.look(), one.look()])
  expect(ids(one)).toEqual(['w1'])
})
