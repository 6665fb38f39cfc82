import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as later } from 'node:timers/promises'
import { Script } from '../clouds/script.ts'
import { usualCatalog } from './catalog.ts'
import { Desk, type Ledger } from './desk.ts'
import type { Model } from './model.ts'
import { Rates } from './rates.ts'
import { serve } from './server.ts'
import { calmTempo, type Project, type Tempo, type World } from './world.ts'

export interface Options {
  readonly now?: () => number
  /** How a wait for an operation passes the time; a test with a clock of its own moves it on. */
  readonly sleep?: (ms: number) => Promise<unknown>
  readonly host?: string
  readonly tempo?: Partial<Tempo>
  /** Google's own, or as many requests as one likes, where several operators of a test stand for one. */
  readonly rates?: 'documented' | 'unlimited'
  /** What every request and answer is compared with; the ledger tells what differs. */
  readonly model?: Model
  /** Every request is on its way for so long before Google hears of it, in milliseconds. */
  readonly latencyMs?: number
  /** Addresses inside, where those of the subnetworks do not do: each thing has a number of its own, from 1. */
  readonly privateIp?: (seq: number) => string
  /** The same outside; of a range that nobody routes unless told. */
  readonly publicIp?: (seq: number) => string
}

/** A simulated Google Cloud: Compute Engine's own HTTP, tokens and impersonation on one port. */
export interface Gce extends AsyncDisposable {
  /** For `CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE`. */
  readonly endpoint: string
  /** For `CLOUDSDK_AUTH_TOKEN_HOST`. */
  readonly tokenEndpoint: string
  /** For `CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS`. */
  readonly impersonationEndpoint: string
  readonly world: World
  readonly script: Script
  readonly ledger: Ledger
}

export async function startGce(options: Options = {}): Promise<Gce> {
  const { host = '127.0.0.1', latencyMs = 0, sleep = aLittleMore } = options
  const world = aWorld(options)
  const script = new Script()
  const ledger: Ledger = []
  const desk = new Desk({ world, ledger, model: options.model })
  const heard = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (latencyMs > 0) await later(latencyMs)
    await serve({ desk, script, sleep, request, response })
  }
  const server = createServer((request, response) => void heard(request, response))
  server.listen(0, host)
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  const base = `http://${host}:${address.port}`
  return {
    endpoint: `${base}/compute/v1/`,
    tokenEndpoint: `${base}/token`,
    impersonationEndpoint: `${base}/`,
    world,
    script,
    ledger,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** A timer may fire before the clock has come so far. */
const aLittleMore = (ms: number): Promise<unknown> => later(ms + 2)

/** In 198.18.0.0/16, which nobody routes. */
const unrouted = (seq: number): string => `198.18.${Math.floor(seq / 250) % 250}.${4 + (seq % 250)}`

function aWorld({
  now = Date.now,
  tempo,
  rates = 'documented',
  privateIp,
  publicIp = unrouted,
}: Options): World {
  let seq = 0
  const world: World = {
    now,
    tempo: { ...calmTempo, ...tempo },
    rates,
    accounts: new Map(),
    tokens: new Map(),
    projects: new Map(),
    privateIp,
    publicIp,
    next: () => ++seq,
    project(name) {
      const project = world.projects.get(name) ?? aProject(world, name)
      world.projects.set(name, project)
      return project
    },
  }
  return world
}

/** With the network that every new project has: `default`, and a subnetwork of it in each region. */
function aProject(world: World, name: string): Project {
  const project: Project = {
    name,
    number: String(100_000_000_000 + world.projects.size),
    world,
    catalog: usualCatalog(),
    rates: new Rates(world.now),
    networks: new Map(),
    subnetworks: new Map(),
    instances: new Map(),
    disks: new Map(),
    addresses: new Map(),
    firewalls: new Map(),
    operations: new Map(),
    requests: new Map(),
    stock: new Map(),
    limits: new Map(),
    hidden: new Set(),
    unreachable: new Set(),
    forgets: false,
    tellsPartial: false,
    immortal: new Set(),
  }
  addNetwork(project, 'default', true)
  return project
}

/** A network; one that is not automatic has no subnetwork until one is added. */
export function addNetwork(project: Project, name: string, isAuto: boolean): void {
  const at = project.world.now()
  project.networks.set(`global/${name}`, { seq: project.world.next(), at, name, scope: 'global', isAuto })
  const regions = isAuto ? [...project.catalog.regions.keys()] : []
  for (const [index, region] of regions.entries())
    addSubnetwork(project, { name, region, network: name, prefix: `10.${128 + index}` })
}

interface NewSubnetwork {
  readonly name: string
  readonly region: string
  readonly network: string
  readonly prefix: string
}

export function addSubnetwork(
  { world, subnetworks }: Project,
  { name, region, network, prefix }: NewSubnetwork,
): void {
  const scope = `regions/${region}`
  subnetworks.set(`${scope}/${name}`, { seq: world.next(), at: world.now(), name, scope, network, prefix })
}
