import type { Asked } from '../clouds/script.ts'
import type { ClusterObject } from '../cluster-desk.ts'
import type { SharedControlPlane } from '../control-plane.ts'
import { OperatorRoom } from '../operator-room.ts'
import { ownAddress } from '../own-address.ts'
import { changeCredentials, makeCredentials } from '../tenant-secrets.ts'
import { addAccount, addKey, revokeKeys } from './accounts.ts'
import { printedRole } from './clouds.ts'
import type { Entry } from './desk.ts'
import { type Gce, startGce } from './gce.ts'
import { homeRegion } from './gcp-ground.ts'
import { leftIn, settle, statusOf } from './lives.ts'
import { computeModel } from './model.ts'
import type { Account, Instance, Project, Tempo } from './world.ts'

/** A simulated Google Cloud, and one operator that reaches it through the real SDK and serves whoever has a project there. */
export interface GceRoom extends AsyncDisposable {
  readonly room: OperatorRoom
  readonly gce: Gce
  /** A project of its own, with a service account whose key is in a Secret. */
  readonly tenant: (name: string) => Promise<Tenant>
}

/**
 * Opens it. No Dask answers at its machines: their addresses are this machine's own and refuse whoever dials, and nobody is
 * given up for that.
 */
export async function gceRoom(plane: SharedControlPlane, tempo: Partial<Tempo> = {}): Promise<GceRoom> {
  await using all = new AsyncDisposableStack()
  const model = await computeModel()
  const gce = all.use(
    await startGce({ privateIp: ownAddress, model, tempo: { endMs: stoppingMs, ...tempo } }),
  )
  const room = all.use(await OperatorRoom.openApart(plane))
  room.operator({ settings: { 'join-timeout': '1h', concurrency: '32' }, env: reaching(gce) })
  const own = all.move()
  return {
    room,
    gce,
    tenant: async name => Tenant.open({ room, gce, name }),
    [Symbol.asyncDispose]: () => own.disposeAsync(),
  }
}

/** Google's machines are STOPPING for longer than this: several lists show it. */
const stoppingMs = 6_000

export const reaching = ({ endpoint, tokenEndpoint, impersonationEndpoint }: Gce) => ({
  CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE: endpoint,
  CLOUDSDK_AUTH_TOKEN_HOST: tokenEndpoint,
  CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS: impersonationEndpoint,
})

interface Place {
  readonly room: OperatorRoom
  readonly gce: Gce
  readonly name: string
}

/** One project and what is asked of it. */
export class Tenant {
  readonly project: Project
  readonly #place: Place
  readonly #account: Account

  private constructor(place: Place) {
    this.#place = place
    const project = `dask-${place.name}`
    this.#account = addAccount(place.gce.world, {
      name: 'operator',
      project,
      may: new Set(printedRole.includedPermissions),
    })
    this.project = place.gce.world.project(project)
  }

  static async open(place: Place): Promise<Tenant> {
    const tenant = new Tenant(place)
    await makeCredentials(place.room, place.name, tenant.#newKey())
    return tenant
  }

  create(name: string, workers: object, spec: object = {}, gcp: object = {}): Promise<ClusterObject> {
    return this.#place.room.clusters.create(name, 0, {
      cloud: { local: null, gcp: { project: this.project.name, region: homeRegion, ...gcp } },
      credentialsSecretRef: { name: this.#place.name },
      scheduler: { size: 'e2-standard-2' },
      workers: { sizes: ['e2-standard-4'], ...workers },
      network: { exposure: 'Private', allowedCIDRs: ['127.0.0.0/8'] },
      ...spec,
    })
  }

  /** The keys that were given until now are no keys any more. */
  revoke(): void {
    revokeKeys(this.#place.gce.world, this.#account)
  }

  /** Its account may not do this any more, until it is given back. */
  withhold(permission: string): () => void {
    const { grants } = this.#account
    const all = printedRole.includedPermissions
    grants.set(this.project.name, new Set(all.filter(each => each !== permission)))
    return () => void grants.set(this.project.name, new Set(all))
  }

  /** Another key in its Secret. */
  rotate(): Promise<void> {
    return changeCredentials(this.#place.room, this.#place.name, this.#newKey())
  }

  /** What was asked of Compute Engine in its project, of one method or of all. */
  asked(method?: string): readonly Entry[] {
    return this.#place.gce.ledger.filter(
      each => each.project === this.project.name && (method === undefined || each.method === method),
    )
  }

  get lists(): readonly Entry[] {
    return this.asked('instances.aggregatedList')
  }

  get launches(): readonly Entry[] {
    return this.asked().filter(({ method }) => isLaunch.test(method))
  }

  /** Launches of workers alone: a scheduler is made by `insert`. */
  get workerLaunches(): readonly Entry[] {
    return this.launches.filter(({ method }) => isOfWorkers.test(method))
  }

  /** For the script. */
  readonly whenLaunch = ({ project, method }: Asked): boolean =>
    project === this.project.name && isLaunch.test(method)

  readonly whenWorkers = ({ project, method }: Asked): boolean =>
    project === this.project.name && isOfWorkers.test(method)

  readonly whenAny = ({ project }: Asked): boolean => project === this.project.name

  get alive(): readonly Instance[] {
    settle(this.project)
    return [...this.project.instances.values()].filter(
      each => each.deletedAt === undefined && each.stoppedAt === undefined,
    )
  }

  get workers(): readonly Instance[] {
    return this.alive.filter(({ labels }) => labels['dask-role'] === 'worker')
  }

  /** How many workers there ever were, by the operations that made them. */
  get made(): number {
    return [...this.project.operations.values()]
      .flatMap(({ perLocation }) => [...(perLocation?.values() ?? [])])
      .reduce((sum, { created }) => sum + created, 0)
  }

  /** What still costs money, or clutters the project. */
  get left(): readonly string[] {
    return leftIn(this.project)
  }

  get isAtRest(): boolean {
    return this.alive.every(each => statusOf(this.project, each) === 'RUNNING')
  }

  #newKey(): Readonly<Record<string, string>> {
    const key = addKey(this.#account, this.#place.gce.tokenEndpoint)
    return { 'credentials.json': JSON.stringify(key) }
  }
}

const isLaunch = /nstances\.(insert|bulkInsert)$/
const isOfWorkers = /nstances\.bulkInsert$/
