import { encode } from '@msgpack/msgpack'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { FrameError, FrameParser, frameLimits, frameMessage } from '../../src/dask/frames.ts'
import { decodeMessage, encodeMessage, opaque } from '../../src/dask/messages.ts'
import { checkShape, ShapeError, shapeLimits } from '../../src/dask/msgpack-shape.ts'

/** A message of several frames, the first of which may stand before the others in a block of its own. */
function framed(frames: readonly Uint8Array[], inFirstBlock: number): Buffer {
  const head = Buffer.alloc(8 * (2 + frames.length))
  const first = frames.slice(0, inFirstBlock).reduce((sum, frame) => sum + frame.length, 0)
  head.writeBigUInt64LE(BigInt(head.length - 8 + first), 0)
  head.writeBigUInt64LE(BigInt(frames.length), 8)
  for (const [index, frame] of frames.entries()) head.writeBigUInt64LE(BigInt(frame.length), 16 + 8 * index)
  return Buffer.concat([head, ...frames])
}

/** Cuts at the given places. */
function cut(bytes: Buffer, places: readonly number[]): readonly Buffer[] {
  const ends = [...places.map(place => place % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b)
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end))
}

function thrownBy(work: () => unknown): unknown {
  try {
    work()
    return undefined
  } catch (error) {
    return error
  }
}

const someFrames = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 6 })

describe('frames', () => {
  test('messages arrive whole, however they are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(someFrames, fc.nat(6)), { maxLength: 5 }),
        fc.array(fc.nat(), { maxLength: 40 }),
        (messages, places) => {
          const parser = new FrameParser()
          const wire = Buffer.concat(messages.map(([frames, first]) => framed(frames, first)))
          const parsed = cut(wire, places).flatMap(chunk => parser.feed(chunk))
          expect(parsed.map(frames => frames.map(frame => [...frame]))).toEqual(
            messages.map(([frames]) => frames.map(frame => [...frame])),
          )
        },
      ),
    )
  })

  test('a message byte by byte is a message', () => {
    const parser = new FrameParser()
    const payload = Buffer.alloc(3_000, 1)
    const parsed = [...frameMessage(payload)].flatMap(byte => parser.feed(Buffer.of(byte)))
    expect(parsed).toEqual([[payload]])
  })

  test('any bytes at all end in messages, in patience or in a FrameError', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 20 }), chunks => {
        const parser = new FrameParser()
        const thrown = thrownBy(() => chunks.map(chunk => parser.feed(Buffer.from(chunk))))
        expect(thrown ?? new FrameError('')).toBeInstanceOf(FrameError)
      }),
    )
  })

  test('nearly right heads too', () => {
    const near = fc.bigInt({ min: 0n, max: 64n })
    const huge = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
    fc.assert(
      fc.property(fc.array(fc.oneof(near, huge), { maxLength: 12 }), words => {
        const bytes = Buffer.alloc(8 * words.length)
        for (const [index, word] of words.entries()) bytes.writeBigUInt64LE(word, 8 * index)
        let held = 0
        const thrown = thrownBy(() => {
          for (const frame of new FrameParser().feed(bytes).flat()) held += frame.length
        })
        expect(thrown ?? new FrameError('')).toBeInstanceOf(FrameError)
        expect(held).toBeLessThanOrEqual(bytes.length)
      }),
      { numRuns: 1_000 },
    )
  })

  test.each([
    { given: 'a frame of 2^40 bytes', words: [2n ** 40n, 1n, 2n ** 40n] },
    { given: 'more frames than we take', words: [2n ** 20n, BigInt(frameLimits.frames) + 1n] },
    { given: 'frames that are too large together', words: [24n, 2n, 2n ** 24n, 2n ** 24n] },
    { given: 'a first block that ends in its own head', words: [8n, 2n] },
    { given: 'a first block beyond the frames', words: [100n, 1n, 10n] },
  ])('$given: refused before any of it has come', ({ words }) => {
    const bytes = Buffer.alloc(8 * words.length)
    for (const [index, word] of words.entries()) bytes.writeBigUInt64LE(word, 8 * index)
    expect(() => new FrameParser().feed(bytes)).toThrow(FrameError)
  })
})

const anything = fc.anything({
  withNullPrototype: false,
  values: [fc.string(), fc.integer(), fc.double(), fc.boolean()],
  withBigInt: false,
  withDate: false,
  withMap: false,
  withSet: false,
  withTypedArray: false,
  withObjectString: false,
  withSparseArray: false,
})

describe('messages', () => {
  test('what is sent is what is read', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.array(fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null))),
        (op, args) => {
          const [frames] = new FrameParser().feed(encodeMessage({ op, args, left: undefined }))
          expect(decodeMessage(frames ?? [])).toEqual({ op, args })
        },
      ),
    )
  })

  test.each([
    { given: 'a set', wire: { __Set__: true, 'as-list': ['a', 'b'] }, want: new Set(['a', 'b']) },
    {
      given: 'an enumeration',
      wire: { __Enum__: true, name: 'running', value: 1, module: 'x' },
      want: 'running',
    },
    { given: 'what was pickled', wire: { a: [{ __Pickled__: 2 }] }, want: { a: [opaque] } },
    { given: 'what was serialized', wire: { __Serialized__: 1 }, want: opaque },
    { given: 'a map in a list in a map', wire: { a: [{ b: null }] }, want: { a: [{ b: null }] } },
    { given: 'nothing', wire: null, want: null },
  ])('$given', ({ wire, want }) => {
    expect(decodeMessage([Buffer.from(encode(wire))])).toEqual(want)
  })

  test('a tuple is a key too', () => {
    // {['x', 1]: 2}
    expect(decodeMessage([Buffer.from([0x81, 0x92, 0xa1, 0x78, 1, 2])])).toEqual({ '["x",1]': 2 })
  })

  test('any bytes at all give a value or an Error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
        const thrown = thrownBy(() => decodeMessage([Buffer.from(bytes)]))
        expect(thrown ?? new Error('none')).toBeInstanceOf(Error)
      }),
      { numRuns: 2_000 },
    )
  })

  test('a message without a frame is an Error', () => {
    expect(() => decodeMessage([])).toThrow('without a frame')
  })
})

describe('the shape of a value', () => {
  test('passes whatever an encoder makes', () => {
    fc.assert(
      fc.property(anything, value => {
        expect(thrownBy(() => checkShape(encode(value)))).toBeUndefined()
      }),
    )
  })

  test('refuses whatever is cut off or has more after it', () => {
    fc.assert(
      fc.property(anything, fc.nat(), (value, at) => {
        const bytes = encode(value)
        expect(() => checkShape(bytes.subarray(0, at % bytes.length))).toThrow(ShapeError)
        expect(() => checkShape(Buffer.concat([bytes, bytes]))).toThrow(ShapeError)
      }),
    )
  })

  test.each([
    {
      given: 'five bytes that announce four thousand million members',
      bytes: [0xdd, 0xff, 0xff, 0xff, 0xff],
    },
    { given: 'a map that does', bytes: [0xdf, 0xff, 0xff, 0xff, 0xff] },
    { given: 'a text that does', bytes: [0xdb, 0xff, 0xff, 0xff, 0xff] },
    {
      given: 'announcements in announcements',
      bytes: Array.from({ length: 5_000 }, () => [0xdd, 0, 0, 0x10, 0]).flat(),
    },
    {
      given: 'a nest that is too deep',
      bytes: [...Array.from({ length: shapeLimits.depth + 1 }, () => 0x91), 0xc0],
    },
    { given: 'a byte that has no meaning', bytes: [0xc1] },
    { given: 'nothing at all', bytes: [] },
  ])('refuses $given', ({ bytes }) => {
    expect(() => checkShape(Uint8Array.from(bytes))).toThrow(ShapeError)
  })

  test('refuses more parts than we take', () => {
    const bytes = Buffer.alloc(shapeLimits.parts + 5, 0xc0)
    bytes.set([0xdd], 0)
    bytes.writeUInt32BE(shapeLimits.parts, 1)
    expect(() => checkShape(bytes)).toThrow(ShapeError)
  })
})
