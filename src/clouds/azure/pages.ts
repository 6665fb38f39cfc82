import type { Call } from '../../lib/call.ts'
import type { CallName } from './calls.ts'
import type { AzureSession, Options } from './session.ts'

/** What the SDK makes of a list. */
interface Pages<T> {
  byPage(): AsyncIterable<readonly T[]>
}

/** Everything on all pages of a list, or it throws. */
export const everyPage = <T>(
  session: AzureSession,
  name: CallName,
  list: (options: Options) => Pages<T>,
  { ms, ...call }: Call & { readonly ms?: number },
): Promise<readonly T[]> =>
  session.make(
    name,
    call,
    async options => {
      const all: T[] = []
      for await (const page of list(options).byPage()) all.push(...page)
      return all
    },
    ms,
  )
