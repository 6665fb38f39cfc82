import type { ClusterObject } from '../cluster-desk.ts'
import type { SharedControlPlane } from '../control-plane.ts'
import { OperatorRoom } from '../operator-room.ts'
import { ownAddress } from '../own-address.ts'
import { changeCredentials, makeCredentials } from '../tenant-secrets.ts'
import { aGroup, printedPolicy } from './aws-ground.ts'
import type { Entry } from './desk.ts'
import { type Ec2, startEc2 } from './ec2.ts'
import { ec2Model } from './model.ts'
import type { Asked } from './script.ts'
import { type Instance, leftIn, type Region, stateOf } from './world.ts'

const regionName = 'us-east-1'
const group = 'sg-0000000000000000a'

/** A simulated AWS, and one operator that reaches it through the real SDK and serves whoever has an account there. */
export interface Ec2Room extends AsyncDisposable {
  readonly room: OperatorRoom
  readonly ec2: Ec2
  /** An account of its own, with a key in a Secret. */
  readonly tenant: (name: string) => Promise<Tenant>
}

/**
 * Opens it. No Dask answers at its machines: their addresses are this machine's own and refuse whoever dials, and nobody is
 * given up for that.
 */
export async function ec2Room(
  plane: SharedControlPlane,
  settings: Readonly<Record<string, string>> = {},
): Promise<Ec2Room> {
  await using all = new AsyncDisposableStack()
  const ec2 = all.use(await startEc2({ privateIp: ownAddress, model: await ec2Model() }))
  const room = all.use(await OperatorRoom.openApart(plane))
  room.operator({ settings: { 'join-timeout': '1h', concurrency: '32', ...settings }, env: reaching(ec2) })
  let accounts = 0
  const own = all.move()
  return {
    room,
    ec2,
    tenant: async name => Tenant.open({ room, ec2, name, account: String(200_000_000_000 + ++accounts) }),
    [Symbol.asyncDispose]: () => own.disposeAsync(),
  }
}

/** What a process needs to take it for AWS, and to find no key but the one it is given. */
export const reaching = ({ endpoint }: Ec2): Readonly<Record<string, string>> => ({
  AWS_ENDPOINT_URL_EC2: endpoint,
  AWS_ENDPOINT_URL_STS: endpoint,
  AWS_ENDPOINT_URL_SSM: endpoint,
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
})

interface Place {
  readonly room: OperatorRoom
  readonly ec2: Ec2
  readonly name: string
  readonly account: string
}

/** One account and what is asked of it. */
export class Tenant {
  readonly region: Region
  readonly account: string
  readonly #place: Place
  #keys = 0

  private constructor(place: Place) {
    this.#place = place
    this.account = place.account
    this.region = place.ec2.world.region(place.account, regionName)
  }

  static async open(place: Place): Promise<Tenant> {
    const tenant = new Tenant(place)
    aGroup(tenant.region, group)
    await makeCredentials(place.room, place.name, tenant.newKey())
    return tenant
  }

  /** A cluster of it; its machines have a group of the account's own, unless `aws` says otherwise. */
  create(name: string, workers: object, spec: object = {}, aws: object = ownGroups): Promise<ClusterObject> {
    return this.#place.room.clusters.create(name, 0, {
      cloud: { local: null, aws: { region: regionName, ...aws } },
      credentialsSecretRef: { name: this.#place.name },
      scheduler: { size: 'm5.large' },
      workers: { sizes: ['m7i.large'], ...workers },
      network: { exposure: 'Private', allowedCIDRs: ['127.0.0.0/8'] },
      ...spec,
    })
  }

  /** The keys that were given until now are no keys any more. */
  revoke(): void {
    const { keys } = this.#place.ec2.world
    for (const [key, { account }] of keys) if (account === this.account) keys.delete(key)
  }

  /** Its keys may not do this any more; one that it gets later may. */
  withhold(action: string): void {
    const { keys } = this.#place.ec2.world
    for (const each of keys.values()) {
      if (each.account !== this.account) continue
      const statements = printedPolicy.Statement.filter(({ Action }) => !Action.includes(`ec2:${action}`))
      each.policy = { ...printedPolicy, Statement: statements }
    }
  }

  /** Another key in its Secret. */
  rotate(): Promise<void> {
    return changeCredentials(this.#place.room, this.#place.name, this.newKey())
  }

  /** What was asked with its keys, of one action or of all. */
  asked(action?: string): readonly Entry[] {
    return this.#place.ec2.ledger.filter(
      each => this.#owns(each.key) && (action === undefined || each.action === action),
    )
  }

  /** Launches of workers alone. */
  get workerLaunches(): readonly Entry[] {
    return this.asked('RunInstances').filter(({ params }) => isOfWorkers(new Map(Object.entries(params))))
  }

  /** For the script: its requests of one action. */
  readonly when =
    (action: string) =>
    (asked: Asked): boolean =>
      asked.account === this.account && asked.action === action

  readonly whenWorkers = (asked: Asked): boolean =>
    asked.account === this.account && asked.action === 'RunInstances' && isOfWorkers(asked.params)

  get instances(): readonly Instance[] {
    return [...this.region.instances.values()]
  }

  get alive(): readonly Instance[] {
    return this.instances.filter(each => each.end === undefined)
  }

  get workers(): readonly Instance[] {
    return this.alive.filter(({ tags }) => tags.get('cloud.dask.org/role') === 'worker')
  }

  /** What still costs money, or clutters the account, but for the account's own group. */
  get left(): readonly string[] {
    return leftIn(this.region).filter(id => id !== group)
  }

  get isAtRest(): boolean {
    return this.alive.every(each => stateOf(this.region, each) === 'running')
  }

  #owns(key: string): boolean {
    return key.startsWith(keyPrefix(this.account))
  }

  /** A key more of the account, as a Secret has it. */
  newKey(): Readonly<Record<string, string>> {
    const key = `${keyPrefix(this.account)}${++this.#keys}`
    this.#place.ec2.world.keys.set(key, {
      account: this.account,
      may: undefined,
      secret: 'secret',
      policy: printedPolicy,
    })
    return { AWS_ACCESS_KEY_ID: key, AWS_SECRET_ACCESS_KEY: 'secret' }
  }
}

/** Settings that name the account's own group: a launch then needs none of the cluster's. */
export const ownGroups = { securityGroups: { scheduler: [group], workers: [group] } }

const keyPrefix = (account: string): string => `AKIA${account}K`

/** A scheduler's machine has the interface that was made for it. */
const isOfWorkers = (params: ReadonlyMap<string, string>): boolean =>
  !params.has('NetworkInterface.1.NetworkInterfaceId')
