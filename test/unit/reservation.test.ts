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
  reservation.meet({ kind: 'new', stamped: false }, seen(0), 0)
  expect(reservation.since).toBeUndefined()
  reservation.begin(100)
  for (const list of [seen(150), seen(90, address)]) {
    reservation.meet(enrolled(0), list, 200)
    expect(reservation.since).toBe(100)
  }
  reservation.meet(enrolled(0), seen(150, address), 200)
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
  early.meet(enrolled(0), seen(0), 50)
  later.meet(enrolled(3), seen(0), 50)
  expect([early, later].map(each => each.since)).toEqual([50, undefined])
})
