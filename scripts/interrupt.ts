import { constants } from 'node:os'

/** What a person, or whoever reads our output, does to end a program. Only the first time counts: npm sends a second one. */
export class Interrupt {
  readonly #controller = new AbortController()
  #exitCode: number | undefined

  constructor(tell: (name: string) => void) {
    const end = (name: string, code: number): void => {
      if (this.#exitCode !== undefined) return
      this.#exitCode = code
      this.#controller.abort(new Error(`ended by ${name}`))
      tell(name)
    }
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(name, () => end(name, 128 + constants.signals[name]))
    // `npm run demo | head` takes the pipe away: there is nobody to tell, and still everything to remove.
    for (const stream of [process.stdout, process.stderr])
      stream.on('error', () => end('SIGPIPE', 128 + constants.signals.SIGPIPE))
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Undefined as long as nobody has ended it. */
  get exitCode(): number | undefined {
    return this.#exitCode
  }
}

/** What broke off, and what could not be cleaned up after it. */
export function told(error: unknown): string {
  if (error instanceof SuppressedError)
    return `${told(error.suppressed)}\nand not everything could be stopped or removed: ${told(error.error)}`
  return error instanceof Error ? error.message : String(error)
}
