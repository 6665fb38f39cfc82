import { Gate } from '../gate.ts'
import { rates } from './calls.ts'

type Bucket = keyof typeof rates

/** Resource Manager counts requests by their method, whatever they are for. */
export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE'

const bucketOf = { GET: 'read', PUT: 'write', POST: 'write', DELETE: 'delete' } as const satisfies Record<
  Method,
  Bucket
>

/** The operator makes no other requests than these; anything else would be counted as a change. */
export const methodOf = (method: string): Method =>
  method === 'GET' || method === 'POST' || method === 'DELETE' ? method : 'PUT'

export type AzureGate = Gate<Method, Bucket>

/** One principal's in one subscription. */
export const azureGate = (now?: () => number): AzureGate =>
  new Gate<Method, Bucket>({
    cloud: 'Azure',
    rates,
    tollOf: method => ({ bucket: bucketOf[method], isFirst: method === 'DELETE' }),
    ...(now && { now }),
  })
