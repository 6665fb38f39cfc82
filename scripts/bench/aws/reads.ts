import { within } from '../../../src/lib/call.ts'
import { poll, wait } from '../../../src/lib/wait.ts'
import { condition } from '../../../test/support/cluster-desk.ts'
import type { BenchCall } from '../home.ts'
import type { Scene } from '../scene.ts'
import { Schedulers } from './schedulers.ts'
import type { Account, Site } from './site.ts'
import { Tenant } from './tenants.ts'

/** Requests of a minute that read, of one account each. */
export interface Reads {
  readonly clusters: number
  readonly perMinute: number
}

interface Asked {
  readonly clusters: number
  readonly seconds: number
}

/** Two hundred clusters at once take some minutes at EC2's rates. */
const readyMs = 900_000
/** A list at the busy pace is over, and the next one comes at the pace of rest. */
const settleMs = 12_000

/**
 * Reads at rest of an account with one cluster and of an account with many, in the same time. Each cluster has a scheduler
 * that answers over mutual TLS, and no worker.
 */
export async function readsAtRest(
  { clusters, seconds }: Asked,
  scene: Scene,
  site: Site,
  call: BenchCall,
): Promise<readonly Reads[]> {
  const accounts = await Promise.all([1, clusters].map(count => inhabited(scene, site.account(), count)))
  await using schedulers = new Schedulers(scene)
  await allReady(scene, accounts, schedulers)
  await wait(settleMs, call)
  call.progress(`${seconds} s of rest with ${clusters} clusters in one account and one in another`)
  const before = accounts.map(reading)
  await wait(seconds * 1_000, call)
  const after = accounts.map(reading)
  return [1, clusters].map((count, at) => ({
    clusters: count,
    perMinute: (((after[at] ?? Number.NaN) - (before[at] ?? Number.NaN)) * 60) / seconds,
  }))
}

async function inhabited(scene: Scene, account: Account, count: number): Promise<Account> {
  const tenant = await Tenant.of(scene, account)
  for (let at = 0; at < count; at++) await tenant.apply(`rest-${account.name}-${at}`, 0)
  return account
}

/** Gives every scheduler that was launched somebody who answers, until all clusters are Ready. */
async function allReady(scene: Scene, accounts: readonly Account[], schedulers: Schedulers): Promise<void> {
  const look = async (): Promise<true | undefined> => {
    for (const { region } of accounts) await schedulers.answerFor(region)
    const all = await scene.clusters.all()
    return all.every(each => condition(each, 'Ready')?.status === 'True') ? true : undefined
  }
  await poll(look, 500, within(scene.call, readyMs))
}

const reading = ({ heard }: Account): number =>
  heard().filter(({ action }) => /^(Describe|Get)/.test(action)).length
