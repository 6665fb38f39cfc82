import { expect, test } from 'vitest'
import { cloudParser } from '../../src/clouds/registry.ts'

const path = 'spec.cloud.aws'
const parse = (settings: unknown, isDeleting: boolean) =>
  cloudParser([])('aws', settings, { path, isDeleting })?.settings

test('what is deleted needs of its settings what its machines are found by', () => {
  const newer = { region: 'eu-central-1', fromTheFuture: true }
  expect(parse(newer, true)).toEqual(parse({ region: 'eu-central-1' }, true))
  expect(() => parse(newer, false)).toThrow(`${path}.fromTheFuture`)
})

test('what is deleted and does not tell even that is refused', () => {
  expect(() => parse({ region: 7 }, true)).toThrow(`${path}.region`)
})
