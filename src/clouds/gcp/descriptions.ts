import { createRequire } from 'node:module'
import { isRecord, record } from '../../lib/parse.ts'

type Part = Record<string, unknown>

/** The very object that all of the SDK's clients read: an import would make another one. */
const shared: unknown = createRequire(import.meta.url)('@google-cloud/compute/build/protos/protos.json')

/**
 * The SDK's description of Compute Engine, beta and all, is written out by each client and made into objects: some 50 MB,
 * of which these services are a tenth. What they do not use is taken out of it, before the first of them is opened.
 */
export function describeOnly(services: readonly string[]): void {
  const compute = ['google', 'cloud', 'compute'].reduce(within, record(shared, 'protos.json'))
  const own = within(compute, 'v1')
  const kept = new Set<string>()
  const left = [...services]
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    const part = nested(own)[name]
    if (kept.has(name) || !isRecord(part)) continue
    kept.add(name)
    left.push(...namesIn(part))
  }
  const v1 = Object.fromEntries(Object.entries(nested(own)).filter(([name]) => kept.has(name)))
  Object.assign(compute, { nested: { v1: { ...own, nested: v1 } } })
}

const nested = (part: Part): Part => (isRecord(part['nested']) ? part['nested'] : {})
const within = (part: Part, name: string): Part => record(nested(part)[name], name)

/** Whatever a service, a message or what is nested in it may name: more than there is does no harm. */
function namesIn(part: Part): readonly string[] {
  return Object.entries(part).flatMap(([key, value]) => {
    if (isRecord(value)) return namesIn(value)
    const isName = ['type', 'keyType', 'requestType', 'responseType'].includes(key)
    return isName && typeof value === 'string' ? value.split('.') : []
  })
}
