/** What comes between a request and its answer. */
export type Trouble =
  | {
      readonly kind: 'refuse'
      readonly code: string
      readonly status: number
      /** In AWS's words: it may have ids in it that differ each time. */
      readonly message?: () => string
    }
  | { readonly kind: 'reset' }
  /** The request is carried out and its answer is lost. */
  | { readonly kind: 'drop' }
  /** The answer is lost, and the request is carried out when `commit` of the script is called. */
  | { readonly kind: 'late' }
  /** The request is carried out, and answered, when this has come. */
  | { readonly kind: 'hold'; readonly until: () => Promise<unknown> }
  | { readonly kind: 'answer'; readonly status: number; readonly body: string }

export interface Asked {
  readonly action: string
  readonly account: string
  readonly region: string
  readonly params: ReadonlyMap<string, string>
  /** The how-manieth request of this action it is, from 1. */
  readonly nth: number
}

type When = (asked: Asked) => boolean

interface Line {
  readonly when: When
  readonly trouble: Trouble
  left: number
}

/** Troubles to come, the first that fits each request. */
export class Script {
  readonly #lines: Line[] = []
  readonly #late: { readonly account: string; readonly commit: () => void }[] = []

  /** `when` is an action's name or tells by the request; `times` is how often. Answers how to end it before. */
  add(when: string | When, trouble: Trouble, times = 1): () => void {
    const fits = typeof when === 'string' ? ({ action }: Asked): boolean => action === when : when
    const line = { when: fits, trouble, left: times }
    this.#lines.push(line)
    return () => {
      line.left = 0
    }
  }

  clear(): void {
    this.#lines.length = 0
  }

  take(asked: Asked): Trouble | undefined {
    const line = this.#lines.find(each => each.left > 0 && each.when(asked))
    if (line === undefined) return undefined
    line.left -= 1
    return line.trouble
  }

  keep(account: string, commit: () => void): void {
    this.#late.push({ account, commit })
  }

  /** Carries out what was held back, of one account or of all. */
  commit(account?: string): void {
    const due = this.#late.filter(each => account === undefined || each.account === account)
    for (const each of due) {
      this.#late.splice(this.#late.indexOf(each), 1)
      each.commit()
    }
  }
}
