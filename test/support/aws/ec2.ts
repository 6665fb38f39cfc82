import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as later } from 'node:timers/promises'
import type { Policy } from '../../../src/clouds/aws/policy.ts'
import { Desk, type Ledger } from './desk.ts'
import type { Model } from './model.ts'
import { Script } from './script.ts'
import { serve } from './server.ts'
import { aRegion, calmTempo, type Place, type Region, type Tempo } from './world.ts'

export interface Options {
  readonly now?: () => number
  readonly host?: string
  readonly tempo?: Partial<Tempo>
  /** Private addresses, where 172.31.0.0/16 does not do: each thing of a region has a number of its own, from 1. */
  readonly privateIp?: (seq: number) => string
  /** AWS's own, or as many requests as one likes, where several operators of a test stand for one. */
  readonly rates?: 'documented' | 'unlimited'
  /** What every request and answer is compared with; the ledger tells what differs. */
  readonly model?: Model
  /** Every request is on its way for so long before EC2 hears of it, in milliseconds. */
  readonly latencyMs?: number
  /** The same for public addresses; of a range that nobody routes unless told. */
  readonly publicIp?: (seq: number) => string
}

/** A key pair of an account. */
export interface KeyPair {
  readonly account: string
  /** Undefined for every action, as an administrator has it. */
  may: ReadonlySet<string> | undefined
  /** What it signs with; undefined where signatures are not looked at. */
  readonly secret?: string
  /** Sent along with each request, where the key is temporary. */
  readonly sessionToken?: string
  /** What it may do, as IAM reads it: beside `may`, where it is set. */
  policy?: Policy
}

/** What whoever takes it on gets, and the external id that it asks for. */
export interface AssumedRole {
  readonly key: KeyPair
  readonly externalId: string | undefined
}

export interface World {
  readonly keys: Map<string, KeyPair>
  /** By ARN. */
  readonly roles: Map<string, AssumedRole>
  region(account: string, name: string): Region
}

/** A simulated AWS with EC2's, STS's and SSM's own HTTP on one port. */
export interface Ec2 extends AsyncDisposable {
  readonly endpoint: string
  readonly world: World
  readonly script: Script
  readonly ledger: Ledger
}

export const homeAccount = '111122223333'
/** Signs for the account above until a test says otherwise. */
export const homeKey = 'AKIASIMULATED0000001'

export async function startEc2({
  now = Date.now,
  host = '127.0.0.1',
  tempo,
  rates = 'documented',
  model,
  privateIp,
  publicIp,
  latencyMs = 0,
}: Options = {}): Promise<Ec2> {
  const world = aWorld({ now, tempo: { ...calmTempo, ...tempo }, privateIp, publicIp })
  const script = new Script()
  const ledger: Ledger = []
  const desk = new Desk({ world, ledger, now, rates, model })
  const heard = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (latencyMs > 0) await later(latencyMs)
    await serve({ desk, script, request, response })
  }
  const server = createServer((request, response) => void heard(request, response))
  server.listen(0, host)
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return {
    endpoint: `http://${host}:${address.port}`,
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

function aWorld(place: Pick<Place, 'now' | 'tempo' | 'privateIp' | 'publicIp'>): World {
  const regions = new Map<string, Region>()
  return {
    keys: new Map([[homeKey, { account: homeAccount, may: undefined }]]),
    roles: new Map(),
    region(account, name) {
      const key = `${account} ${name}`
      const region = regions.get(key) ?? aRegion({ ...place, account, name })
      regions.set(key, region)
      return region
    },
  }
}
