import { expect, test } from 'vitest'
import { machineId } from '../../src/model/names.ts'
import { Ledger } from '../../src/reconcile/ledger.ts'
import { now } from '../support/a-world.ts'

const id = machineId('a')
const done = { kind: 'done' } as const
const failed = { kind: 'failed', problem: 'no answer' } as const

test('a machine that says that it is done and tells the same as before has failed', () => {
  const ledger = new Ledger(now)
  const failures = (): number | undefined => ledger.snapshot().renewals.get(id)?.failures
  ledger.renewed(id, done, 'old', now)
  expect(failures()).toBe(0)
  ledger.renewed(id, done, 'old', now + 20_000)
  expect(failures()).toBe(1)
  ledger.renewed(id, done, 'old', now + 40_000)
  expect(failures()).toBe(2)
  ledger.renewed(id, done, 'new', now + 60_000)
  expect(failures()).toBe(0)
})

test('one that failed and is done then has not failed', () => {
  const ledger = new Ledger(now)
  ledger.renewed(id, failed, 'old', now)
  ledger.renewed(id, failed, 'old', now + 20_000)
  expect(ledger.snapshot().renewals.get(id)).toMatchObject({ failures: 2, isDone: false })
  ledger.renewed(id, done, 'old', now + 40_000)
  expect(ledger.snapshot().renewals.get(id)).toMatchObject({ failures: 0, isDone: true })
})
