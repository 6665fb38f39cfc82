import { addAccount, addKey, type KeyFile } from '../../../test/support/gcp/accounts.ts'
import type { Entry } from '../../../test/support/gcp/desk.ts'
import type { Gce } from '../../../test/support/gcp/gce.ts'
import { leftIn, settle, statusOf } from '../../../test/support/gcp/lives.ts'
import type { Project } from '../../../test/support/gcp/world.ts'
import type { Heard } from '../lives/parts.ts'
import type { Plot } from '../lives/site.ts'

export const regionName = 'us-central1'

/** One simulated project: nothing of its quotas is used. */
export interface GcpPlot extends Plot {
  readonly project: Project
  readonly key: KeyFile
}

export function plotIn({ world, tokenEndpoint, ledger }: Gce, name: string): GcpPlot {
  const account = addAccount(world, { name: 'operator', project: name })
  const project = world.project(name)
  const key = addKey(account, tokenEndpoint)
  const machines = () => {
    settle(project)
    return [...project.instances.values()]
  }
  return {
    name,
    project,
    key,
    secret: { 'credentials.json': JSON.stringify(key) },
    cloud: { gcp: { project: name, region: regionName } },
    heard: () => ledger.filter(each => each.project === name).map(heard),
    made: () => machines().length,
    running: () => machines().filter(each => statusOf(project, each) === 'RUNNING').length,
    left: () => leftIn(project),
  }
}

const heard = ({ at, method, reason, query }: Entry): Heard => ({
  at,
  isCreate: /nstances\.(insert|bulkInsert)$/.test(method),
  isThrottled: reason === 'rateLimitExceeded',
  isRefused: reason !== undefined,
  page:
    method === 'instances.aggregatedList'
      ? query['pageToken'] === undefined
        ? 'first'
        : 'further'
      : undefined,
})
