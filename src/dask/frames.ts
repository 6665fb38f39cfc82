/** Bytes that are not Dask's framing, or more of them than we take. */
export class FrameError extends Error {
  constructor(problem: string) {
    super(problem)
    this.name = 'FrameError'
  }
}

/** 10,000 workers are about 6 MB; what is larger is not an answer to anything we ask. */
export const frameLimits = { messageBytes: 32 * 1024 * 1024, frames: 4096 } as const

const word = 8
/** A peer that sends byte by byte must not cost a buffer for each. */
const maxChunks = 1024

/**
 * One message of one frame, as Dask writes it. Every number is a little-endian u64:
 * bytes of prelude and frames | number of frames | length of each | frames.
 */
export function frameMessage(payload: Uint8Array): Buffer {
  const head = Buffer.alloc(3 * word)
  head.writeBigUInt64LE(BigInt(2 * word + payload.byteLength), 0)
  head.writeBigUInt64LE(1n, word)
  head.writeBigUInt64LE(BigInt(payload.byteLength), 2 * word)
  return Buffer.concat([head, payload])
}

interface Shape {
  readonly headBytes: number
  readonly lengths: readonly number[]
  readonly bytes: number
}

/**
 * Takes bytes as they come and gives whole messages, each a list of frames. It holds no more than was received, copies
 * each message once, and after a `FrameError` is of no more use.
 */
export class FrameParser {
  #chunks: Buffer[] = []
  #received = 0
  #shape: Shape | undefined

  /** Throws a `FrameError`, and nothing else. */
  feed(chunk: Buffer): readonly (readonly Buffer[])[] {
    this.#chunks.push(chunk)
    this.#received += chunk.length
    if (this.#chunks.length > maxChunks) this.#chunks = [Buffer.concat(this.#chunks)]
    const messages: (readonly Buffer[])[] = []
    for (let message = this.#next(); message !== undefined; message = this.#next()) messages.push(message)
    return messages
  }

  #next(): readonly Buffer[] | undefined {
    this.#shape ??= this.#readShape()
    if (this.#shape === undefined || this.#received < this.#shape.bytes) return undefined
    const { headBytes, lengths, bytes } = this.#shape
    const message = this.#take(bytes)
    this.#shape = undefined
    let at = headBytes
    return lengths.map(length => message.subarray(at, (at += length)))
  }

  #readShape(): Shape | undefined {
    if (this.#received < 2 * word) return undefined
    const start = this.#peek(2 * word)
    const firstBlock = size(start, 0)
    const frames = size(start, word)
    if (frames > frameLimits.frames) throw new FrameError('too many frames in a message')
    const headBytes = (2 + frames) * word
    if (firstBlock < headBytes - word) throw new FrameError('a message shorter than its own head')
    if (this.#received < headBytes) return undefined
    const head = this.#peek(headBytes)
    const lengths = Array.from({ length: frames }, (_, index) => size(head, (2 + index) * word))
    const bytes = lengths.reduce((sum, length) => sum + length, headBytes)
    if (bytes > frameLimits.messageBytes) throw new FrameError('a message larger than we take')
    if (firstBlock > bytes - word) throw new FrameError('a message whose lengths disagree')
    return { headBytes, lengths, bytes }
  }

  /** The first bytes in one piece, left where they are. */
  #peek(bytes: number): Buffer {
    const first = this.#chunks[0]
    if (first !== undefined && first.length >= bytes) return first
    const joined: Buffer[] = []
    for (let have = 0; have < bytes; ) {
      const chunk = this.#chunks.shift()
      if (chunk === undefined) break
      joined.push(chunk)
      have += chunk.length
    }
    const head = Buffer.concat(joined)
    this.#chunks.unshift(head)
    return head
  }

  #take(bytes: number): Buffer {
    const joined = this.#peek(bytes)
    const rest = joined.subarray(bytes)
    this.#chunks.shift()
    if (rest.length > 0) this.#chunks.unshift(rest)
    this.#received -= bytes
    return joined.subarray(0, bytes)
  }
}

function size(from: Buffer, at: number): number {
  const value = from.readBigUInt64LE(at)
  if (value > BigInt(frameLimits.messageBytes)) throw new FrameError('a length larger than we take')
  return Number(value)
}
