import { unreachable } from '../../../src/lib/unreachable.ts'

/** What comes between a request and its answer. */
export type Trouble =
  | {
      readonly kind: 'refuse'
      readonly status: number
      readonly reason: string
      /** In the cloud's words: it may have ids in it that differ each time. */
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
  /** A cloud's own name for it, such as `instances.insert` or `virtualMachines.delete`; `token` for one. */
  readonly method: string
  /** Or the subscription. */
  readonly project: string
  /** The e-mail, or the object id, of who asks. */
  readonly by: string
  readonly params: ReadonlyMap<string, string>
  readonly query: URLSearchParams
  readonly body: unknown
  /** Of lists: from 1. */
  readonly page: number
  /** The how-manieth request of this method it is, from 1. */
  readonly nth: number
}

type When = (asked: Asked) => boolean

interface Line {
  readonly when: When
  readonly trouble: Trouble
  left: number
}

/** What a cloud does with a request, in words of its own. */
export interface Ways<Answer> {
  readonly project: string
  readonly carriedOut: () => Answer
  readonly answered: (status: number, body: string) => Answer
  readonly refused: (status: number, reason: string, message: string) => Answer
}

/** Troubles to come, the first that fits each request. */
export class Script {
  readonly #lines: Line[] = []
  readonly #late: { readonly project: string; readonly commit: () => void }[] = []

  /** `when` is a method's name or tells by the request; `times` is how often. Answers how to end it before. */
  add(when: string | When, trouble: Trouble, times = 1): () => void {
    const fits = typeof when === 'string' ? ({ method }: Asked): boolean => method === when : when
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

  /** What comes of a request that this comes between; undefined where its answer is lost. */
  async play<Answer>(
    trouble: Trouble,
    { project, carriedOut, answered, refused }: Ways<Answer>,
  ): Promise<Answer | undefined> {
    switch (trouble.kind) {
      case 'refuse':
        return refused(trouble.status, trouble.reason, trouble.message?.() ?? 'So it was asked for.')
      case 'answer':
        return answered(trouble.status, trouble.body)
      case 'hold':
        await trouble.until()
        return carriedOut()
      case 'late':
        this.#late.push({ project, commit: () => void carriedOut() })
        return undefined
      case 'drop':
        carriedOut()
        return undefined
      case 'reset':
        return undefined
      default:
        return unreachable(trouble)
    }
  }

  /** Carries out what was held back, of one project or of all. */
  commit(project?: string): void {
    const due = this.#late.filter(each => project === undefined || each.project === project)
    for (const each of due) {
      this.#late.splice(this.#late.indexOf(each), 1)
      each.commit()
    }
  }
}
