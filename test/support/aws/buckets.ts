import { Ec2Failure } from './failure.ts'

interface Size {
  readonly most: number
  readonly perSecond: number
}

/** EC2's documented request buckets, of each account and region; every action has one of its own. */
const sizes = {
  runInstances: { most: 5, perSecond: 2 },
  terminateInstances: { most: 100, perSecond: 5 },
  createTags: { most: 100, perSecond: 10 },
  describe: { most: 100, perSecond: 20 },
  describeAll: { most: 50, perSecond: 10 },
  change: { most: 50, perSecond: 5 },
} as const satisfies Record<string, Size>

/** Beside its requests, the machines of these are counted. */
const machines: Readonly<Record<string, Size>> = {
  RunInstances: { most: 1000, perSecond: 2 },
  TerminateInstances: { most: 1000, perSecond: 20 },
}

interface Bucket {
  left: number
  at: number
}

/** Token buckets of one account and region. */
export class Buckets {
  readonly #now: () => number
  readonly #buckets = new Map<string, Bucket>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** Takes one request; `whole` says that it asks for everything, unfiltered and without pages. */
  takeRequest(action: string, whole: boolean): void {
    const size = sizeOf(action, whole)
    this.#take(`${action} requests${size === sizes.describeAll ? ', unfiltered' : ''}`, size, 1)
  }

  takeMachines(action: string, count: number): void {
    const size = machines[action]
    if (size !== undefined) this.#take(`${action} machines`, size, count)
  }

  #take(name: string, { most, perSecond }: Size, count: number): void {
    const now = this.#now()
    const bucket = this.#buckets.get(name) ?? { left: most, at: now }
    bucket.left = Math.min(most, bucket.left + ((now - bucket.at) / 1_000) * perSecond)
    bucket.at = now
    this.#buckets.set(name, bucket)
    if (bucket.left < count) throw new Ec2Failure('RequestLimitExceeded', 'Request limit exceeded.', 503)
    bucket.left -= count
  }
}

const own: Readonly<Record<string, Size>> = {
  RunInstances: sizes.runInstances,
  TerminateInstances: sizes.terminateInstances,
  CreateTags: sizes.createTags,
}

function sizeOf(action: string, whole: boolean): Size {
  const found = own[action]
  if (found !== undefined) return found
  if (!/^(Describe|Get)/.test(action)) return sizes.change
  return whole ? sizes.describeAll : sizes.describe
}
