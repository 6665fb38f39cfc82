import type { Call } from '../lib/call.ts'
import type { Exposure } from '../model/cluster.ts'
import { CloudError } from '../model/faults.ts'

/** What machines a platform's class would have made. */
export interface RehearsalWish {
  /** Empty for the cloud's usual ones. */
  readonly schedulerSizes: readonly string[]
  readonly workerSizes: readonly string[]
  readonly exposure: Exposure
}

/** Each throws a CloudError where what it looks at does not work. What a cloud cannot look at is not there. */
export type Rehearsals = Readonly<
  Partial<Record<'network' | 'images' | 'sizes' | 'rights', (call: Call) => Promise<void>>>
>

interface Looks<Size> {
  /** Throws a CloudError where there is no such size. */
  size(name: string, call: Call): Promise<Size>
  /** Throws a CloudError where there is nothing for it to boot. */
  image(size: Size, call: Call): Promise<unknown>
  readonly network?: ((call: Call) => Promise<unknown>) | undefined
  readonly rights?: ((call: Call) => Promise<unknown>) | undefined
}

/** Sizes of a wish, each once; the cloud's usual ones where it names none. */
export const sizesIn = (
  { schedulerSizes, workerSizes }: RehearsalWish,
  usual: { readonly scheduler: readonly string[]; readonly worker: readonly string[] },
): readonly string[] => [
  ...new Set([
    ...(schedulerSizes.length > 0 ? schedulerSizes : usual.scheduler),
    ...(workerSizes.length > 0 ? workerSizes : usual.worker),
  ]),
]

/** Rehearsals of a cloud that knows sizes by name and images by size. Images of sizes that there are not are nobody's. */
export function rehearsalsOf<Size>(names: readonly string[], looks: Looks<Size>): Rehearsals {
  const { network, rights } = looks
  return {
    ...(network && { network: async call => void (await network(call)) }),
    ...(rights && { rights: async call => void (await rights(call)) }),
    sizes: call => each(names, name => looks.size(name, call)),
    images: async call => {
      const known = await Promise.all(names.map(name => looks.size(name, call).catch(() => undefined)))
      const sizes = known.filter(size => size !== undefined)
      if (sizes.length === 0)
        throw new CloudError('unavailable', 'No size is known of which images could be looked for')
      await each(sizes, size => looks.image(size, call))
    },
  }
}

/** All that is wrong at once; what says nothing of them, as throttling, ends it at the first. */
async function each<T>(all: readonly T[], look: (one: T) => Promise<unknown>): Promise<void> {
  const problems: CloudError[] = []
  for (const one of all)
    await look(one).catch((error: unknown) => {
      if (!(error instanceof CloudError) || !isOfOne(error)) throw error
      problems.push(error)
    })
  const [first] = problems
  if (first === undefined) return
  throw new CloudError(first.fault, [...new Set(problems.map(({ message }) => message))].join('; '))
}

const isOfOne = ({ fault }: CloudError): boolean => fault === 'invalid' || fault === 'no-capacity'
