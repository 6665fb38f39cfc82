import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { waitingTests } from '../../scripts/waiting-tests.ts'

test('every file that is said to wait is there: under another name it would run alone again', () => {
  expect(waitingTests.filter(file => !existsSync(file))).toEqual([])
})
