import { expect, test } from 'vitest'

import { backstopOf } from '../../src/app/backstop.ts'

const createdAt = Date.parse('2026-09-18T08:00:00Z')
const lifetime = { idleTimeoutMs: Infinity, ttlMs: 8 * 3_600_000 }

test('a cloud that ends machines does so ten minutes after the operator should have', () => {
  expect(backstopOf({ createdAt, lifetime }, { endsMachines: true })).toBe('2026-09-18T16:10:00.000Z')
})

test.each([
  { given: 'a cloud that ends none', lifetime, promises: {} },
  {
    given: 'a cluster that may live for ever',
    lifetime: { ...lifetime, ttlMs: Infinity },
    promises: { endsMachines: true },
  },
])('$given is asked for nothing', ({ lifetime: given, promises }) => {
  expect(backstopOf({ createdAt, lifetime: given }, promises)).toBeUndefined()
})
