import { styleText } from 'node:util'

/** What a person reads: seconds since the section began, what came about, and in which words. */
export class Timeline {
  readonly #stream: NodeJS.WriteStream
  #began = performance.now()
  #toldAt = -Infinity
  /** The last line has no end yet. */
  #isOpen = false

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
  }

  /** The clock begins anew. */
  section(title: string): void {
    this.#began = performance.now()
    this.#line(`\n${this.#styled('bold', title)}`)
  }

  step(name: string, text: string): void {
    this.#line(`${this.#seconds()}  ${this.#styled('green', name.padEnd(nameWidth))}  ${text}`)
  }

  /** Why it takes a while, and what is no step of the cluster's. */
  note(text: string): void {
    this.#line(this.#styled('dim', `${this.#seconds()}  ${' '.repeat(nameWidth)}  ${text}`))
  }

  /** How far it is, at most once in a while; on a terminal each word replaces the one before. */
  progress(text: string): void {
    const now = performance.now()
    if (now - this.#toldAt < (this.#stream.isTTY ? 250 : pipeMs(now - this.#began))) return
    this.#toldAt = now
    if (!this.#stream.isTTY) return this.note(text)
    this.#stream.write(
      `${clearLine}${this.#styled('dim', `${this.#seconds()}  ${' '.repeat(nameWidth)}  ${text}`)}`,
    )
    this.#isOpen = true
  }

  /** As it is: for what is to be copied. */
  plain(text: string): void {
    this.#line(text)
  }

  #seconds(): string {
    return `${((performance.now() - this.#began) / 1000).toFixed(2).padStart(7)} s`
  }

  /** Only a terminal gets colours, and only where NO_COLOR does not forbid them. */
  #styled(style: Parameters<typeof styleText>[0], text: string): string {
    return this.#stream.isTTY ? styleText(style, text, { stream: this.#stream }) : text
  }

  #line(text: string): void {
    this.#stream.write(`${this.#isOpen ? clearLine : ''}${text}\n`)
    this.#isOpen = false
  }
}

const nameWidth = 14
/** Lines in a file are kept: the longer it takes, the fewer there are. */
const pipeMs = (sinceMs: number): number => (sinceMs < 5_000 ? 1_000 : 5_000)

const clearLine = '\r\u001b[K'
