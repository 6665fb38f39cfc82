import { canonical } from './fingerprint.ts'

/** Answers to questions that rarely change, kept for a while. Who asks while one is looked up waits for the same; a failure is not kept. */
export class Memo<T> {
  readonly #forMs: number
  readonly #now: () => number
  readonly #answers = new Map<string, { readonly at: number; readonly answer: Promise<T> }>()

  constructor(forMs: number, now: () => number) {
    this.#forMs = forMs
    this.#now = now
  }

  /** So many answers are kept. */
  get size(): number {
    return this.#answers.size
  }

  /** `question` is a value that tells one question from another. */
  of(question: unknown, look: () => Promise<T>): Promise<T> {
    const key = canonical(question)
    const known = this.#answers.get(key)
    if (known !== undefined && this.#now() - known.at < this.#forMs) return known.answer
    this.#forget()
    const kept = { at: this.#now(), answer: look() }
    this.#answers.set(key, kept)
    kept.answer.catch(() => {
      if (this.#answers.get(key) === kept) this.#answers.delete(key)
    })
    return kept.answer
  }

  /** Oldest first, as they came. */
  #forget(): void {
    for (const [key, { at }] of this.#answers) {
      if (this.#now() - at < this.#forMs) return
      this.#answers.delete(key)
    }
  }
}
