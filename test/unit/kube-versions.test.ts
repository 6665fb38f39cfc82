import { assert, bigInt, property } from 'fast-check'
import { expect, test } from 'vitest'
import { compareVersions } from '../../src/kube/versions.ts'

const version = bigInt({ min: 0n, max: 10n ** 40n })

test('versions are ordered as the numbers they are, however long', () => {
  assert(
    property(version, version, (a, b) => {
      const order = compareVersions(a.toString(), b.toString())
      expect(Math.sign(order)).toBe(a === b ? 0 : a < b ? -1 : 1)
      expect(Math.sign(compareVersions(b.toString(), a.toString()))).toBe(0 - Math.sign(order) || 0)
    }),
  )
})

test('zeros in front mean nothing', () => {
  expect(compareVersions('007', '7')).toBe(0)
  expect(compareVersions('0', '00')).toBe(0)
  expect(compareVersions('0010', '9')).toBeGreaterThan(0)
})

test.each(['', '1a', '-1', ' 1', '1.0'])('%j is no version', raw => {
  expect(() => compareVersions(raw, '1')).toThrow(TypeError)
})
