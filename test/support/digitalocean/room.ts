import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { scopesFor } from '../../../src/clouds/digitalocean/policy.ts'
import type { Asked } from '../clouds/script.ts'
import type { ClusterObject } from '../cluster-desk.ts'
import type { SharedControlPlane } from '../control-plane.ts'
import { OperatorRoom } from '../operator-room.ts'
import { ownAddress } from '../own-address.ts'
import { aServerIdentity } from '../server-identity.ts'
import { changeCredentials, makeCredentials } from '../tenant-secrets.ts'
import { homeRegion } from './ground.ts'
import { doModel } from './model.ts'
import { type DigitalOcean, type Entry, startDigitalOcean } from './server.ts'
import { type Droplet, leftIn, type Team, type Tempo, type Token } from './team.ts'

/** A simulated DigitalOcean, and one operator that reaches it through the real client and serves whoever has a team there. */
export interface DigitalOceanRoom extends AsyncDisposable {
  readonly room: OperatorRoom
  readonly cloud: DigitalOcean
  /** A team of its own, whose token is in a Secret. */
  readonly tenant: (name: string) => Promise<DigitalOceanTenant>
}

/** Several lists show a droplet whose end was asked for. */
const deleteMs = 8_000

/**
 * Opens it. No Dask answers at its machines: their addresses are this machine's own and refuse whoever dials, and nobody is
 * given up for that.
 */
export async function digitalOceanRoom(
  plane: SharedControlPlane,
  tempo: Partial<Tempo> = {},
): Promise<DigitalOceanRoom> {
  await using all = new AsyncDisposableStack()
  const { authority, cert, key } = aServerIdentity()
  const model = await doModel()
  const cloud = all.use(
    await startDigitalOcean({ key, cert }, { model, tempo: { bootMs: 500, deleteMs, ...tempo } }),
  )
  const room = all.use(await OperatorRoom.openApart(plane))
  const trusted = join(room.directory, 'digitalocean.pem')
  await writeFile(trusted, authority)
  room.operator({
    settings: { 'join-timeout': '1h', concurrency: '32' },
    env: { DIGITALOCEAN_API_URL: cloud.endpoint, NODE_EXTRA_CA_CERTS: trusted },
  })
  const own = all.move()
  return {
    room,
    cloud,
    tenant: name => DigitalOceanTenant.open({ room, cloud, name }),
    [Symbol.asyncDispose]: () => own.disposeAsync(),
  }
}

interface Place {
  readonly room: OperatorRoom
  readonly cloud: DigitalOcean
  readonly name: string
}

/** One team, what is asked of it, and what it has. */
export class DigitalOceanTenant {
  readonly team: Team
  readonly #place: Place
  #token: Token

  private constructor(place: Place) {
    this.#place = place
    this.team = place.cloud.addTeam()
    this.team.privateIp = ownAddress
    this.team.publicIp = ownAddress
    this.#token = this.team.addToken(scopesFor({ makesFirewalls: true }))
  }

  static async open(place: Place): Promise<DigitalOceanTenant> {
    const tenant = new DigitalOceanTenant(place)
    await makeCredentials(place.room, place.name, { token: tenant.#token.value })
    return tenant
  }

  /** `spec` goes over a cluster of this many workers; `settings` over those of DigitalOcean. */
  create(name: string, workers: object, spec: object = {}, settings: object = {}): Promise<ClusterObject> {
    return this.#place.room.clusters.create(name, 0, {
      cloud: { local: null, digitalOcean: { region: homeRegion, ...settings } },
      credentialsSecretRef: { name: this.#place.name },
      scheduler: { size: 's-2vcpu-4gb' },
      workers: { sizes: ['s-4vcpu-8gb'], ...workers },
      network: { exposure: 'Private', allowedCIDRs: ['127.0.0.0/8'] },
      ...spec,
    })
  }

  /** As DigitalOcean counts by it. */
  get token(): string {
    return this.#token.value
  }

  /** The token that was given until now is no token any more. */
  revoke(): void {
    this.#token.isRevoked = true
  }

  /** Another token in its Secret. */
  rotate(): Promise<void> {
    this.#token = this.team.addToken(this.#token.scopes)
    return changeCredentials(this.#place.room, this.#place.name, { token: this.#token.value })
  }

  /** Its token may not do this any more, until it is given back. */
  withhold(scope: string): () => void {
    const all = this.#token.scopes
    const token = this.#token
    token.scopes = new Set([...(all ?? [])].filter(each => each !== scope))
    return () => {
      token.scopes = all
    }
  }

  /** What it asked of DigitalOcean, of one operation or of all. */
  asked(operation?: string): readonly Entry[] {
    return this.#place.cloud.ledger.filter(
      each => each.team === this.team.uuid && (operation === undefined || each.operation === operation),
    )
  }

  /** Lists of all droplets; those of one launch are others. */
  get lists(): readonly Entry[] {
    return this.asked('droplets.list').filter(({ search }) => search.includes('dask-installation'))
  }

  get launches(): readonly Entry[] {
    return this.asked('droplets.create')
  }

  /** For the script. */
  readonly whenLaunch = ({ by, method }: Asked): boolean =>
    by === this.team.uuid && method === 'droplets.create'

  readonly whenWorkers = (asked: Asked): boolean =>
    this.whenLaunch(asked) && /dask-launch:[^"]*:w:/.test(JSON.stringify(asked.body))

  readonly whenAny = ({ by }: Asked): boolean => by === this.team.uuid

  readonly whenList = ({ by, method, query }: Asked): boolean =>
    by === this.team.uuid &&
    method === 'droplets.list' &&
    query.get('tag_name')?.startsWith('dask-installation') === true

  get alive(): readonly Droplet[] {
    return this.team.alive
  }

  get workers(): readonly Droplet[] {
    return this.alive.filter(({ tags }) => [...tags].some(tag => /^dask-launch:[^:]*:[^:]*:w:/.test(tag)))
  }

  get scheduler(): Droplet | undefined {
    return this.alive.find(each => !this.workers.includes(each))
  }

  /** How many droplets there ever were. */
  get made(): number {
    return this.team.droplets.length
  }

  get isAtRest(): boolean {
    return this.alive.every(each => this.team.statusOf(each) === 'active')
  }

  /** What still costs money, or clutters the team; one tag of the installation stays. */
  get left(): readonly string[] {
    return leftIn(this.team).filter(each => !each.startsWith('tag dask-installation:'))
  }
}
