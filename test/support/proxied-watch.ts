import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as later } from 'node:timers'
import { isRecord, record } from '../../src/lib/parse.ts'

export interface WatchTerms {
  /** Each line is told so much later. */
  readonly delayMs: () => number
  /** Each line is told as this makes of it. */
  readonly rewrite: (text: string) => string
}

/** A watch on its way through a fault proxy. */
export class ProxiedWatch {
  /** The resourceVersion it was asked for, and its collection. */
  readonly from: string
  readonly path: string
  readonly bookmarks: string[] = []
  /** The error that the API server told inside of it. */
  error: number | undefined
  readonly #answer: ServerResponse
  readonly #terms: WatchTerms
  #rest = ''
  #state: 'open' | 'frozen' | 'to be cut' = 'open'

  constructor(asked: URL, real: IncomingMessage, answer: ServerResponse, terms: WatchTerms) {
    this.from = asked.searchParams.get('resourceVersion') ?? ''
    this.path = asked.pathname
    this.#answer = answer
    this.#terms = terms
    answer.on('close', () => real.destroy())
    real.setEncoding('utf8')
    real.on('data', (text: string) => this.#relay(text))
    real.on('close', () => later(() => this.#state !== 'frozen' && answer.end(), terms.delayMs()))
    real.on('error', () => answer.destroy())
  }

  get isOpen(): boolean {
    return !this.#answer.destroyed && !this.#answer.writableEnded
  }

  /** The connection stays, and nothing is ever said on it again. */
  freeze(): void {
    this.#state = 'frozen'
  }

  end(): void {
    this.#answer.destroy()
  }

  /** The next line is told to its half, and the connection breaks. */
  cutInNextLine(): void {
    this.#state = 'to be cut'
  }

  /** A line of the test's own, between those of the API server. */
  say(line: string): void {
    if (this.isOpen) this.#answer.write(`${line}\n`)
  }

  #relay(text: string): void {
    const lines = `${this.#rest}${text}`.split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      this.#note(line)
      later(() => this.#tell(this.#terms.rewrite(line)), this.#terms.delayMs())
    }
  }

  #tell(line: string): void {
    if (this.#state === 'open') return this.say(line)
    if (this.#state === 'frozen' || !this.isOpen) return
    this.#state = 'frozen'
    this.#answer.write(line.slice(0, line.length / 2), () => this.#answer.destroy())
  }

  #note(line: string): void {
    const { type, object } = record(JSON.parse(line), 'line')
    const { metadata, code } = isRecord(object) ? object : {}
    if (type === 'ERROR' && typeof code === 'number') this.error = code
    if (type === 'BOOKMARK') this.bookmarks.push(String(record(metadata, 'metadata')['resourceVersion']))
  }
}
