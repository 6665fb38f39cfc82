import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { generatedFiles } from '../../scripts/generated-files.ts'
import { spec } from '../../src/api/cluster-schema.ts'
import { exactlyOne, list, map, object } from '../../src/api/schema/containers.ts'
import { choice, decimal, integer, text, timeMs } from '../../src/api/schema/scalars.ts'
import { matching, type OpenApi, optional } from '../../src/api/schema/schema.ts'
import { status } from '../../src/api/status-schema.ts'
import { refusedSpecs } from '../support/refused-specs.ts'
import { goodSpec, merged, takenSpecs } from '../support/specs.ts'

const word = text({ description: 'A word.', max: 5, rules: [matching(/^[a-z]+$/, 'small letters only')] })
const shape = object({
  description: 'A shape.',
  others: 'refused',
  fields: {
    name: word,
    count: integer({ description: 'How many.', min: 1, max: 3, default: 2 }),
    note: optional(word),
    parts: list({ description: 'Parts.', items: word, max: 2, default: [] }),
    sizes: map({
      description: 'Sizes.',
      max: 2,
      values: decimal({ description: '.', min: 0, max: 1 }),
      default: {},
    }),
  },
})

describe('a schema', () => {
  test('fills in defaults and leaves out what is absent', () => {
    expect(shape.read({ name: 'a', note: null }, 'x')).toEqual({ name: 'a', count: 2, parts: [], sizes: {} })
  })

  test('tells required fields from those with a default or none', () => {
    expect(shape.openApi.required).toEqual(['name'])
  })

  test('carries rules and bounds into OpenAPI', () => {
    expect(word.openApi).toEqual({
      description: 'A word.',
      type: 'string',
      maxLength: 5,
      'x-kubernetes-validations': [{ rule: "self.matches(r'^[a-z]+$')", message: 'small letters only' }],
    })
  })

  test.each([
    { raw: { name: 'A' }, says: 'x.name: small letters only' },
    { raw: { name: 'abcdef' }, says: 'x.name: must have at most 5 characters, has 6' },
    { raw: {}, says: 'x.name: must be a text' },
    { raw: { name: 'a', count: 4 }, says: 'x.count: must be a whole number from 1 to 3, found 4' },
    { raw: { name: 'a', other: 1 }, says: 'x.other: is not known here' },
    { raw: { name: 'a', parts: ['a', 'B'] }, says: 'x.parts[1]: small letters only' },
    { raw: { name: 'a', parts: ['a', 'a', 'a'] }, says: 'x.parts: must have at most 2 items' },
    { raw: { name: 'a', sizes: { big: 2 } }, says: 'x.sizes.big: must be a number from 0 to 1' },
    { raw: { name: 'a', sizes: [] }, says: 'x.sizes: must be an object, found a list' },
    { raw: [], says: 'x: must be an object, found a list' },
  ])('refuses $raw with its path', ({ raw, says }) => {
    expect(() => shape.read(raw, 'x')).toThrow(says)
  })

  test('counts characters as the API server does', () => {
    expect(text({ description: '', max: 2 }).read('🦆🦆', 'x')).toBe('🦆🦆')
  })

  test('writes what it reads', () => {
    const at = timeMs({ description: '' })
    expect(at.write(at.read('2026-08-01T12:00:00.123Z', 'x'))).toBe('2026-08-01T12:00:00.123Z')
    const value = { name: 'a', count: 1, parts: ['b'], sizes: { c: 0.5 } }
    expect(shape.write(value)).toEqual(value)
  })

  test.each(['', 'yesterday', '2026-13-01T00:00:00Z', 5])('takes no %j for a time', raw => {
    expect(() => timeMs({ description: '' }).read(raw, 'x')).toThrow(/^x: must be/)
  })

  test('chooses the one member that is set', () => {
    const one = exactlyOne({
      description: '',
      members: { a: shape, b: shape },
      rules: [],
      message: 'one, please',
    })
    expect(one.read({ a: null, c: 1 }, 'x')).toEqual({ name: 'c', settings: 1 })
    expect(() => one.read({ a: {}, c: 1 }, 'x')).toThrow('x: one, please')
    expect(() => one.read({}, 'x')).toThrow('x: one, please')
  })

  test('names its words', () => {
    expect(() => choice({ description: '', values: ['a', 'b'] }).read('c', 'x')).toThrow(
      'x: must be one of a, b',
    )
  })
})

describe('the spec', () => {
  // A cloud's own settings are read by the cloud, which has its own tests.
  const ours = refusedSpecs.filter(({ path }) => !path.startsWith('spec.cloud.'))

  test.each(ours)('is refused with $given', ({ patch, path, says }) => {
    const refused = () => spec.read(merged(goodSpec, patch), 'spec')
    expect(refused).toThrow(says)
    expect(refused).toThrow(path)
  })

  test.each(takenSpecs)('is taken with $given', ({ patch }) => {
    expect(() => spec.read(merged(goodSpec, patch), 'spec')).not.toThrow()
  })

  test('refuses what only a newer version may know', () => {
    expect(() => spec.read({ ...goodSpec, telepathy: {} }, 'spec')).toThrow(
      'spec.telepathy: is not known here',
    )
  })
})

describe('the CRD', () => {
  const nodes = [...walk(spec.openApi, 'spec'), ...walk(status.openApi, 'status')]

  test('describes every field', () => {
    const undescribed = nodes.filter(({ node }) => node.description === '')
    expect(undescribed.map(({ path }) => path)).toEqual([])
  })

  test('bounds every text, list and map, so that rules have a cost that is known', () => {
    const unbounded = nodes.filter(
      ({ node }) =>
        (node.type === 'string' && !('maxLength' in node || 'enum' in node || 'format' in node)) ||
        (node.type === 'array' && !('maxItems' in node)) ||
        ('additionalProperties' in node && !('maxProperties' in node)),
    )
    expect(unbounded.map(({ path }) => path)).toEqual([])
  })

  test.each(generatedFiles())('is committed as it is generated: $path', async ({ path, text: wanted }) => {
    expect(await readFile(path, 'utf8')).toBe(wanted)
  })
})

function* walk(node: OpenApi, path: string): Generator<{ readonly node: OpenApi; readonly path: string }> {
  yield { node, path }
  const { items, additionalProperties, properties = {} } = node
  if (items !== undefined) yield* walk(items, `${path}[]`)
  if (additionalProperties !== undefined) yield* walk(additionalProperties, `${path}{}`)
  for (const [name, property] of Object.entries(properties)) yield* walk(property, `${path}.${name}`)
}
