import { expect, test } from 'vitest'
import type { Listing } from '../../src/clouds/contract.ts'
import { Inventory } from '../../src/clouds/inventory.ts'
import { CloudError } from '../../src/model/faults.ts'
import { clusterUid, machineId } from '../../src/model/names.ts'
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

test('machines that a list has shown as another cluster’s are not one’s own to end; those that none has shown are', async () => {
  const other = clusterUid('00000000-0000-4000-8000-00000000beef')
  const one = anInventory([aMachine('w1'), { ...aMachine('w2'), owner: other }], [])
  const named = ['w1', 'w2', 'w3'].map(machineId)
  await one.look()
  expect(one.inventory.withoutOthers(owner, named)).toEqual(['w1', 'w3'])
  expect(one.inventory.withoutOthers(other, named)).toEqual(['w2', 'w3'])
  await one.look()
  expect(one.inventory.withoutOthers(owner, named)).toEqual(['w1', 'w3'])
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

const fleet = (count: number): Listing['machines'] =>
  Array.from({ length: count }, (_, index) => aMachine(`w${index}`))

/** How many machines are shown, and how many of them only as they were last seen. */
function shown({
  inventory,
}: {
  readonly inventory: Inventory
}): readonly [machines: number, missing: number] {
  const view = inventory.view(owner)
  return view.kind === 'seen' ? [view.machines.length, view.missing] : [0, 0]
}

test.each([
  { given: 'four of ten', of: 10, left: 6, isBelieved: true },
  { given: 'five of ten', of: 10, left: 5, isBelieved: false },
  { given: 'five of twenty-five, a fifth', of: 25, left: 20, isBelieved: true },
  { given: 'six of twenty-five', of: 25, left: 19, isBelieved: false },
  { given: 'two of two', of: 2, left: 0, isBelieved: false },
  { given: 'the only one', of: 1, left: 0, isBelieved: true },
])('row 25: $given are missing from two lists: believed to be gone is $isBelieved', async each => {
  const { of, left, isBelieved } = each
  const one = anInventory(fleet(of), fleet(left), fleet(left))
  await one.look()
  await one.look()
  await one.look()
  expect(shown(one)).toEqual(isBelieved ? [left, 0] : [of, of - left])
})

test('row 25: missing machines that are listed again are in doubt no more', async () => {
  const one = anInventory(fleet(10), fleet(5), fleet(10), fleet(9), fleet(9))
  for (const want of [
    [10, 0],
    [10, 5],
    [10, 0],
    [10, 0],
    [9, 0],
  ]) {
    await one.look()
    expect(shown(one)).toEqual(want)
  }
})

test('row 25: lists that agree for a minute are believed', async () => {
  const one = anInventory(fleet(10), ...Array.from({ length: 4 }, () => fleet(5)))
  await one.look()
  await one.look()
  await one.look(59_999)
  expect(shown(one)).toEqual([10, 5])
  await one.look(1)
  expect(shown(one)).toEqual([5, 0])
})

test('row 25: machines whose end was asked for are not missed', async () => {
  const one = anInventory(fleet(10), fleet(4), fleet(4))
  await one.look()
  one.inventory.expectEnd(fleet(10).map(({ id }) => id))
  await one.look()
  await one.look()
  expect(shown(one)).toEqual([4, 0])
})

test('row 26: an empty list hides nothing of what was there', async () => {
  const one = anInventory(fleet(3), [], [], fleet(3))
  await one.look()
  await one.look()
  await one.look()
  expect(shown(one)).toEqual([3, 3])
  await one.look()
  expect(shown(one)).toEqual([3, 0])
})

test('row 25: each machine has its own minute: others that go missing later are not believed with the first', async () => {
  const all = fleet(20)
  const [first, others] = [all.slice(5), all.slice(0, 10)]
  const one = anInventory(all, first, first, others, others)
  for (const [afterMs, want] of [
    [1_000, [20, 0]],
    [10_000, [20, 5]],
    [48_000, [20, 5]],
    [13_000, [20, 10]],
    [1_000, [20, 10]],
  ] as const) {
    await one.look(afterMs)
    expect(shown(one)).toEqual(want)
  }
})
