import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { busyTests, waitingTests } from '../../scripts/waiting-tests.ts'

test('every file that is said to wait, or to be busy, is there: under another name it would run with the wrong ones', () => {
  expect([...waitingTests, ...busyTests].filter(file => !existsSync(file))).toEqual([])
})
