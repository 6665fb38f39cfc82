import { styleText } from 'node:util'

/** What a text means; a terminal shows it by a colour. */
export type Style = 'good' | 'bad' | 'busy' | 'dim' | 'strong'

export interface Styled {
  readonly text: string
  readonly style?: Style
}

export type Words = string | Styled | readonly (string | Styled)[]

/** Puts styled words into one text. */
export type Paint = (words: Words) => string

const formats = { good: 'green', bad: 'red', busy: 'yellow', dim: 'dim', strong: 'bold' } as const

export const plain: Paint = words =>
  partsOf(words)
    .map(part => printable(textOf(part)))
    .join('')

export const coloured: Paint = words =>
  partsOf(words)
    .map(part => {
      const text = printable(textOf(part))
      const style = typeof part === 'string' ? undefined : part.style
      return style === undefined || text === ''
        ? text
        : styleText(formats[style], text, { validateStream: false })
    })
    .join('')

const partsOf = (words: Words): readonly (string | Styled)[] =>
  typeof words === 'string' || 'text' in words ? [words] : words

const textOf = (part: string | Styled): string => (typeof part === 'string' ? part : part.text)

/** What others have written may hold what moves a terminal's cursor, or worse: line breaks and tabs are all that is let through. */
export const printable = (text: string): string =>
  text.replaceAll(/[^\P{Cc}\t\n\r]\[[\d;?]*[@-~]/gu, '').replaceAll(/[^\P{Cc}\t\n]/gu, '')

/** How many columns it takes. */
export const widthOf = (words: Words): number => Array.from(plain(words)).length

/** A part of Node's streams. */
export interface Output {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
  write(text: string): unknown
  hasColors?(env?: object): boolean
}

/** Where results go, and, apart from them, what is told meanwhile. */
export class Screen {
  readonly #results: Output
  readonly #notes: Output
  readonly output: 'text' | 'json'
  readonly paint: Paint

  constructor(results: Output, notes: Output, { output, env }: { output: 'text' | 'json'; env: object }) {
    this.#results = results
    this.#notes = notes
    this.output = output
    this.paint = this.isLive && results.hasColors?.(env) === true ? coloured : plain
  }

  /** A person looks at it: colour, lines that are drawn again. */
  get isLive(): boolean {
    return this.#results.isTTY === true && this.output === 'text'
  }

  get rows(): number {
    return this.#results.rows ?? 24
  }

  get columns(): number {
    return this.#results.columns ?? 80
  }

  /** The result: one JSON document, or what `asText` makes of it. */
  show<T>(result: T, asText: (result: T, screen: Screen) => string): void {
    this.write(this.output === 'json' ? JSON.stringify(result, undefined, 2) : asText(result, this))
  }

  write(text: string): void {
    this.#results.write(text.endsWith('\n') || text === '' ? text : `${text}\n`)
  }

  /** Text as it is, to draw with. */
  draw(text: string): void {
    this.#results.write(text)
  }

  /** For people, beside the result. */
  note(text: string): void {
    this.#notes.write(`${printable(text)}\n`)
  }

  /** A line that the next one takes the place of; on a terminal alone. */
  progress(text: string): void {
    if (this.#notes.isTTY !== true) return
    const room = Math.max(20, (this.#notes.columns ?? 80) - 1)
    this.#notes.write(text === '' ? '\r\u001B[K' : `\r\u001B[K${cut(printable(text), room)}`)
  }
}

export function cut(text: string, room: number): string {
  const characters = Array.from(text.replaceAll('\n', ' '))
  return characters.length <= room ? characters.join('') : `${characters.slice(0, room - 1).join('')}…`
}
