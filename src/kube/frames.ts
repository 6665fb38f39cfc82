/** One line of a stream of JSON lines, or what became of it. */
export type Frame =
  /** The stream is there; nothing was said yet. */
  | { readonly kind: 'opened' }
  | { readonly kind: 'frame'; readonly value: unknown }
  /** Nobody can tell any more what it said; `cut` is a last line whose end never came. */
  | { readonly kind: 'dropped'; readonly because: 'oversized' | 'broken' | 'cut'; readonly bytes: number }

const newline = 0x0a

/** Cuts bytes into JSON lines, however they arrive. A line over `maxBytes` is skipped without being kept. */
export class FrameSplitter {
  readonly #maxBytes: number
  #parts: Uint8Array[] = []
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  push(chunk: Uint8Array): readonly Frame[] {
    const frames: Frame[] = []
    let from = 0
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, from)) {
      this.#keep(chunk.subarray(from, end))
      frames.push(...this.#take())
      from = end + 1
    }
    this.#keep(chunk.subarray(from))
    return frames
  }

  /** What is left at the end of the stream: a last line without its end, or nothing. */
  finish(): readonly Frame[] {
    return this.#take().map(each => (each.kind === 'dropped' ? { ...each, because: 'cut' } : each))
  }

  #keep(part: Uint8Array): void {
    this.#bytes += part.length
    if (this.#bytes > this.#maxBytes) this.#parts = []
    else if (part.length > 0) this.#parts.push(part)
  }

  #take(): readonly Frame[] {
    const [parts, bytes] = [this.#parts, this.#bytes]
    this.#parts = []
    this.#bytes = 0
    if (bytes > this.#maxBytes) return [{ kind: 'dropped', because: 'oversized', bytes }]
    const text = Buffer.concat(parts).toString('utf8')
    if (text.trim() === '') return []
    try {
      return [{ kind: 'frame', value: JSON.parse(text) }]
    } catch {
      return [{ kind: 'dropped', because: 'broken', bytes }]
    }
  }
}
