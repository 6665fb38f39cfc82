/** Lines, one an owner, served in turn: an owner with ten thousand entries does not hold up one with a single entry. */
export class Turns<T> {
  readonly #ownerOf: (item: T) => string
  readonly #lines = new Map<string, Set<T>>()
  #size = 0

  constructor(ownerOf: (item: T) => string) {
    this.#ownerOf = ownerOf
  }

  get size(): number {
    return this.#size
  }

  add(item: T): void {
    const owner = this.#ownerOf(item)
    const line = this.#lines.get(owner) ?? new Set()
    this.#lines.set(owner, line)
    if (line.has(item)) return
    line.add(item)
    this.#size++
  }

  remove(item: T): void {
    const owner = this.#ownerOf(item)
    const line = this.#lines.get(owner)
    if (line?.delete(item) !== true) return
    this.#size--
    if (line.size === 0) this.#lines.delete(owner)
  }

  /** All entries of one owner, in their order. */
  drain(owner: string): Set<T> {
    const line = this.#lines.get(owner) ?? new Set()
    this.#lines.delete(owner)
    this.#size -= line.size
    return line
  }

  /** The first entry of the owner whose turn it is; that owner goes to the end. */
  take(): T | undefined {
    const turn = this.#lines.entries().next().value
    if (turn === undefined) return undefined
    const [owner, line] = turn
    const item = line.values().next().value
    this.#lines.delete(owner)
    if (item === undefined) return undefined
    line.delete(item)
    this.#size--
    if (line.size > 0) this.#lines.set(owner, line)
    return item
  }
}
