/** Bytes that are not one whole MessagePack value, or one that is deeper or has more parts than we take. */
export class ShapeError extends Error {
  constructor(problem: string) {
    super(problem)
    this.name = 'ShapeError'
  }
}

/** A worker's identity has about a hundred parts. */
export const shapeLimits = { depth: 48, parts: 2_000_000 } as const

/**
 * Walks over a MessagePack value without building it. A decoder makes room for as many members as an array *says* it
 * has, so that five bytes could cost gigabytes; what has passed here says only what it holds.
 */
export function checkShape(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  /** How many members are still to come, for each container we are in. */
  const open = [1]
  let at = 0
  let parts = 0
  while (open.length > 0) {
    const left = open.pop() ?? 0
    if (left === 0) continue
    open.push(left - 1)
    if (at >= bytes.byteLength) throw new ShapeError('a value that is cut off')
    parts += 1
    const { next, members } = part(view, at)
    at = next
    if (at > bytes.byteLength || members > bytes.byteLength - at)
      throw new ShapeError('a value that is cut off')
    if (members > 0) open.push(members)
    if (open.length > shapeLimits.depth) throw new ShapeError('a value that is nested too deep')
    if (parts > shapeLimits.parts) throw new ShapeError('a value of too many parts')
  }
  if (at !== bytes.byteLength) throw new ShapeError('bytes after the value')
}

interface Part {
  /** Where the next part begins. */
  readonly next: number
  /** How many values this one holds. */
  readonly members: number
}

/** By the table of formats in the MessagePack specification. */
function part(view: DataView, at: number): Part {
  const format = view.getUint8(at)
  const after = at + 1
  if (format <= 0x7f || format >= 0xe0) return { next: after, members: 0 }
  if (format <= 0x8f) return { next: after, members: 2 * (format & 0x0f) }
  if (format <= 0x9f) return { next: after, members: format & 0x0f }
  if (format <= 0xbf) return { next: after + (format & 0x1f), members: 0 }
  const known = formats.get(format)
  if (known === undefined) throw new ShapeError('a byte that MessagePack does not use')
  if (after + known.width > view.byteLength) throw new ShapeError('a value that is cut off')
  const count = length(view, after, known.width)
  const next = after + known.width + known.extra
  return known.holds === 'bytes' ? { next: next + count, members: 0 } : { next, members: count * known.holds }
}

interface Format {
  /** Bytes of the length that follows. */
  readonly width: 0 | 1 | 2 | 4
  /** Bytes that follow whatever the length says. */
  readonly extra: number
  /** What the length counts: bytes, or so many values each. */
  readonly holds: 'bytes' | 0 | 1 | 2
}

const fixed = (extra: number): Format => ({ width: 0, extra, holds: 0 })
const counted = (width: 1 | 2 | 4, holds: Format['holds'], extra = 0): Format => ({ width, extra, holds })

const formats: ReadonlyMap<number, Format> = new Map([
  [0xc0, fixed(0)],
  [0xc2, fixed(0)],
  [0xc3, fixed(0)],
  [0xc4, counted(1, 'bytes')],
  [0xc5, counted(2, 'bytes')],
  [0xc6, counted(4, 'bytes')],
  [0xc7, counted(1, 'bytes', 1)],
  [0xc8, counted(2, 'bytes', 1)],
  [0xc9, counted(4, 'bytes', 1)],
  [0xca, fixed(4)],
  [0xcb, fixed(8)],
  [0xcc, fixed(1)],
  [0xcd, fixed(2)],
  [0xce, fixed(4)],
  [0xcf, fixed(8)],
  [0xd0, fixed(1)],
  [0xd1, fixed(2)],
  [0xd2, fixed(4)],
  [0xd3, fixed(8)],
  [0xd4, fixed(2)],
  [0xd5, fixed(3)],
  [0xd6, fixed(5)],
  [0xd7, fixed(9)],
  [0xd8, fixed(17)],
  [0xd9, counted(1, 'bytes')],
  [0xda, counted(2, 'bytes')],
  [0xdb, counted(4, 'bytes')],
  [0xdc, counted(2, 1)],
  [0xdd, counted(4, 1)],
  [0xde, counted(2, 2)],
  [0xdf, counted(4, 2)],
])

function length(view: DataView, at: number, width: Format['width']): number {
  switch (width) {
    case 0:
      return 0
    case 1:
      return view.getUint8(at)
    case 2:
      return view.getUint16(at)
    case 4:
      return view.getUint32(at)
    default:
      return width satisfies never
  }
}
