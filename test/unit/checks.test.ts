import { expect, test } from 'vitest'
import { Checks } from '../../src/app/checks.ts'

const check = (name: string) => ({ name, problem: () => undefined })

test('what one time of leading adds to health goes with it, and only that', () => {
  const checks = new Checks(check('event-loop'))
  const first = checks.add({ live: [check('passes')], ready: [check('caches')] })
  const second = checks.add({ live: [check('passes')], ready: [check('caches')] })
  first[Symbol.dispose]()
  expect(checks.live.map(({ name }) => name)).toEqual(['event-loop', 'passes'])
  expect(checks.ready.map(({ name }) => name)).toEqual(['caches'])
  second[Symbol.dispose]()
  expect([checks.live.length, checks.ready.length]).toEqual([1, 0])
})
