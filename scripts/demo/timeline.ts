import { styleText } from 'node:util'

/** What a person reads: seconds since the section began, what came about, and in which words. */
export class Timeline {
  readonly #stream: NodeJS.WriteStream
  #began = performance.now()

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
    this.#stream.write(`${text}\n`)
  }
}

const nameWidth = 14
