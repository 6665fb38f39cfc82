import type { Entry } from '../../../test/support/aws/desk.ts'
import { type Ec2, startEc2 } from '../../../test/support/aws/ec2.ts'
import type { Region } from '../../../test/support/aws/world.ts'
import { ownAddress } from '../../../test/support/own-address.ts'

export const regionName = 'us-east-1'

/** One simulated account: full buckets, and nobody who has looked at it before. */
export interface Account {
  readonly name: string
  readonly accessKey: string
  readonly region: Region
  /** Requests that AWS has heard, in their order. */
  readonly heard: () => readonly Entry[]
}

/** A simulated AWS with as many accounts as one likes. */
export interface Site extends AsyncDisposable {
  readonly endpoint: string
  account(): Account
}

/**
 * With EC2's documented rates. Machines have private addresses of this computer alone, each one of its own, and one
 * public address: whoever calls a machine gets no further than this computer.
 */
export async function openSite(latencyMs: number): Promise<Site> {
  let given = 0
  const privateIp = (): string => ownAddress(given++)
  const ec2 = await startEc2({ latencyMs, privateIp, publicIp: () => '127.0.0.1' })
  let made = 0
  return {
    endpoint: ec2.endpoint,
    account: () => accountIn(ec2, ++made),
    [Symbol.asyncDispose]: () => ec2[Symbol.asyncDispose](),
  }
}

function accountIn(ec2: Ec2, nth: number): Account {
  const name = String(100_000_000_000 + nth)
  const accessKey = `AKIABENCH${String(nth).padStart(11, '0')}`
  ec2.world.keys.set(accessKey, { account: name, may: undefined })
  return {
    name,
    accessKey,
    region: ec2.world.region(name, regionName),
    heard: () => ec2.ledger.filter(({ account }) => account === name),
  }
}

/** What a launch came to. */
export interface Launching {
  readonly workers: number
  readonly runInstances: number
  /** Requests of every kind until the last machine was made. */
  readonly calls: number
  readonly throttled: number
  /** From its beginning until the last RunInstances that made machines was heard. */
  readonly seconds: number
}

/** `since` is in milliseconds since the epoch. */
export function launchingOf(workers: number, heard: readonly Entry[], since: number): Launching {
  const made = heard.filter(({ action, code }) => action === 'RunInstances' && code === undefined)
  const lastAt = made.at(-1)?.at ?? Number.NaN
  const until = heard.filter(({ at }) => at <= lastAt)
  return {
    workers,
    runInstances: until.filter(({ action }) => action === 'RunInstances').length,
    calls: until.length,
    throttled: until.filter(({ code }) => code === 'RequestLimitExceeded').length,
    seconds: (lastAt - since) / 1_000,
  }
}
