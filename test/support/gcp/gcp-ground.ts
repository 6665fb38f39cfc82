import { addAccount, addKey, type KeyFile } from './accounts.ts'
import type { Ledger } from './desk.ts'
import { type Gce, type Options, startGce } from './gce.ts'
import { leftIn } from './lives.ts'
import type { Account, Project } from './world.ts'

export const homeProject = 'dask-home'
export const homeRegion = 'us-central1'

/** A simulated project with an operator's service account, whose key is as fresh as the world. */
export interface GcpGround extends AsyncDisposable {
  readonly gce: Gce
  readonly home: Project
  readonly operator: Account
  /** `credentials.json` of a Secret. */
  readonly keyFile: KeyFile
  /** What the operator's own configuration needs, so that it speaks to this world and to no other. */
  readonly environment: Readonly<Record<string, string>>
  /** Requests of a method, in their order. */
  readonly asked: (method: string) => Ledger
  /** Where requests and answers differed from the discovery document. */
  readonly differing: () => readonly string[]
  /** Every machine, disk, address and firewall that is there. */
  readonly left: () => readonly string[]
}

export async function aGcpGround(options: Options = {}): Promise<GcpGround> {
  const gce = await startGce(options)
  const { world, ledger, endpoint, tokenEndpoint, impersonationEndpoint } = gce
  const operator = addAccount(world, { name: 'operator', project: homeProject })
  const home = world.project(homeProject)
  return {
    gce,
    home,
    operator,
    keyFile: addKey(operator, tokenEndpoint),
    environment: {
      CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE: endpoint,
      CLOUDSDK_AUTH_TOKEN_HOST: tokenEndpoint,
      CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS: impersonationEndpoint,
    },
    asked: method => ledger.filter(each => each.method === method),
    differing: () => ledger.flatMap(({ differs = [] }) => differs),
    left: () => leftIn(home),
    [Symbol.asyncDispose]: () => gce[Symbol.asyncDispose](),
  }
}
