import { array, assert, integer, json, property, string } from 'fast-check'
import { expect, test } from 'vitest'
import { type Frame, FrameSplitter } from '../../src/kube/frames.ts'

function split(bytes: Uint8Array, cuts: readonly number[], maxBytes = 1_000_000): readonly Frame[] {
  const splitter = new FrameSplitter(maxBytes)
  const ends = [...cuts.map(cut => cut % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b)
  const frames = ends.flatMap((end, at) => splitter.push(bytes.subarray(ends[at - 1] ?? 0, end)))
  return [...frames, ...splitter.finish()]
}

const lines = (...texts: readonly string[]): Uint8Array =>
  Buffer.from(texts.map(text => `${text}\n`).join(''))

test('wherever a stream is cut, the same frames come out of it', () => {
  assert(
    property(array(json()), array(integer({ min: 0, max: 10_000 })), (texts, cuts) => {
      const values = texts.map(text => ({ kind: 'frame', value: JSON.parse(text) as unknown }))
      expect(split(lines(...texts), cuts)).toEqual(values)
    }),
  )
})

test('letters of several bytes may be cut in the middle', () => {
  assert(
    property(string({ unit: 'grapheme' }), integer({ min: 0, max: 1_000 }), (text, cut) => {
      expect(split(lines(JSON.stringify(text)), [cut])).toEqual([{ kind: 'frame', value: text }])
    }),
  )
})

test('a broken line is dropped, and those around it are not', () => {
  expect(split(lines('1', '{"type":', '2'), [])).toEqual([
    { kind: 'frame', value: 1 },
    { kind: 'dropped', because: 'broken', bytes: 8 },
    { kind: 'frame', value: 2 },
  ])
})

test('a line that is too long is dropped without being kept, and those around it are not', () => {
  const long = `"${'x'.repeat(5_000)}"`
  const cuts = Array.from({ length: 50 }, (_, at) => at * 100)
  expect(split(lines('1', long, '2'), cuts, 1_000)).toEqual([
    { kind: 'frame', value: 1 },
    { kind: 'dropped', because: 'oversized', bytes: 5_002 },
    { kind: 'frame', value: 2 },
  ])
})

test('a last line that was cut off is told apart from one that is broken', () => {
  expect(split(Buffer.from('1\n{"type":"ADD'), [])).toEqual([
    { kind: 'frame', value: 1 },
    { kind: 'dropped', because: 'cut', bytes: 12 },
  ])
})

test('empty lines are nothing, and a last line needs no end', () => {
  expect(split(Buffer.from('\n\r\n{"a":1}\n\n"end"'), [])).toEqual([
    { kind: 'frame', value: { a: 1 } },
    { kind: 'frame', value: 'end' },
  ])
})
