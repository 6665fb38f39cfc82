import { expect, test } from 'vitest'
import type { InventorySeen } from '../../src/model/world.ts'
import { Reservation } from '../../src/reconcile/reservation.ts'
import { aWorld } from '../support/a-world.ts'

const seen = (startedAt: number, address?: InventorySeen['address']): InventorySeen => {
  const { inventory } = aWorld()
  if (inventory.kind !== 'seen') throw new Error('it is seen')
  return { ...inventory, address, startedAt }
}
const { address } = seen(
  0,
  (({ inventory }) => (inventory.kind === 'seen' ? inventory.address : undefined))(aWorld()),
)
const enrolled = (seq: number) => ({ kind: 'enrolled', seq }) as const

test('an address that was asked for is waited for until a list that began later shows it', () => {
  const reservation = new Reservation()
  reservation.meet({ kind: 'new', stamped: false }, { inventory: seen(0), wanted: undefined }, 0)
  expect(reservation.since).toBeUndefined()
  reservation.begin(100)
  for (const list of [seen(150), seen(90, address)]) {
    reservation.meet(enrolled(0), { inventory: list, wanted: undefined }, 200)
    expect(reservation.since).toBe(100)
  }
  reservation.meet(enrolled(0), { inventory: seen(150, address), wanted: undefined }, 200)
  expect(reservation.since).toBeUndefined()
})

test('one that is made otherwise than wished does not end the wait', () => {
  const reservation = new Reservation()
  reservation.begin(100)
  const inventory = seen(150, address && { ...address, network: 'Private own' })
  reservation.meet(enrolled(1), { inventory, wanted: 'Public own' }, 200)
  expect(reservation.since).toBe(100)
  reservation.meet(enrolled(1), { inventory, wanted: 'Private own' }, 200)
  expect(reservation.since).toBeUndefined()
})

test('one that was refused for certain is as if it had not been asked for', () => {
  const reservation = new Reservation()
  reservation.begin(100)
  reservation.begin(200)()
  expect(reservation.since).toBe(100)
})

test('a cluster that is met enrolled and without a launch may have been left in the middle of asking', () => {
  const [early, later] = [new Reservation(), new Reservation()]
  early.meet(enrolled(0), { inventory: seen(0), wanted: undefined }, 50)
  later.meet(enrolled(3), { inventory: seen(0), wanted: undefined }, 50)
  expect([early, later].map(each => each.since)).toEqual([50, undefined])
})
