import { addAccount, addKey, type KeyFile } from '../../../test/support/gcp/accounts.ts'
import type { Ledger } from '../../../test/support/gcp/desk.ts'
import { type Gce, startGce } from '../../../test/support/gcp/gce.ts'
import { settle, statusOf } from '../../../test/support/gcp/lives.ts'
import type { Project } from '../../../test/support/gcp/world.ts'
import type { GcpOptions } from './options.ts'

export const regionName = 'us-central1'

/** One simulated project: nothing of its quotas is used, and nobody has looked at it before. */
export interface Plot {
  readonly project: Project
  readonly key: KeyFile
  /** Requests to Compute Engine, in their order. */
  readonly heard: () => Ledger
  /** How many of its machines run. */
  readonly running: () => number
}

/** A simulated Google Cloud with as many projects as one likes. */
export interface Site extends AsyncDisposable {
  readonly gce: Gce
  /** For a client's own configuration. */
  readonly environment: Readonly<Record<string, string>>
  plot(): Plot
}

/** With the documented quotas. Machines have addresses of this computer alone: whoever calls one gets no further. */
export async function openSite(options: GcpOptions): Promise<Site> {
  const { latencyMs, operationMs, startMs, endMs } = options
  const gce = await startGce({
    latencyMs,
    tempo: { operationMs, startMs, endMs },
    privateIp: seq => `127.31.${Math.floor(seq / 250) % 250}.${4 + (seq % 250)}`,
    publicIp: () => '127.0.0.1',
  })
  let made = 0
  return {
    gce,
    environment: {
      CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE: gce.endpoint,
      CLOUDSDK_AUTH_TOKEN_HOST: gce.tokenEndpoint,
      CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS: gce.impersonationEndpoint,
    },
    plot: () => plotIn(gce, `dask-bench-${++made}`),
    [Symbol.asyncDispose]: () => gce[Symbol.asyncDispose](),
  }
}

function plotIn({ world, tokenEndpoint, ledger }: Gce, name: string): Plot {
  const account = addAccount(world, { name: 'operator', project: name })
  const project = world.project(name)
  return {
    project,
    key: addKey(account, tokenEndpoint),
    heard: () => ledger.filter(each => each.project === name),
    running() {
      settle(project)
      return [...project.instances.values()].filter(each => statusOf(project, each) === 'RUNNING').length
    },
  }
}
