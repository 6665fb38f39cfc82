import type { CloudContext } from './contract.ts'

interface Kept<Session> {
  readonly opened: Promise<Session>
  users: number
}

/** One's use of a session that others may share. */
export interface Use<Session> {
  readonly session: Session
  /** Once; the last one closes the session. */
  readonly leave: () => void
}

/** Sessions that everybody with the same account and credentials shares: opened for the first of them, closed after the last. */
export class Sessions<Session> {
  readonly #kept = new Map<string, Kept<Session>>()
  readonly #close: (session: Session) => void

  constructor(close: (session: Session) => void) {
    this.#close = close
  }

  /** One that could not be opened is opened anew for whoever comes next. */
  async of(key: string, open: () => Promise<Session>): Promise<Use<Session>> {
    const kept = this.#kept.get(key) ?? { opened: open(), users: 0 }
    this.#kept.set(key, kept)
    kept.opened.catch(() => this.#forget(key, kept))
    kept.users += 1
    const session = await kept.opened
    const leave = (): void => {
      kept.users -= 1
      if (kept.users > 0) return
      this.#forget(key, kept)
      this.#close(session)
    }
    return { session, leave }
  }

  #forget(key: string, kept: Kept<Session>): void {
    if (this.#kept.get(key) === kept) this.#kept.delete(key)
  }
}

/** What the clusters of one operator share, as long as it lives. */
export function sharedBy<Shared>(make: () => Shared): (context: CloudContext) => Shared {
  const known = new WeakMap<CloudContext, Shared>()
  return context => {
    const shared = known.get(context) ?? make()
    known.set(context, shared)
    return shared
  }
}
