import { aTrustedIdentity } from '../server-identity.ts'
import { type DigitalOcean, type Entry, type Options, startDigitalOcean } from './server.ts'
import { leftIn, type Team, type Token } from './team.ts'

export const homeRegion = 'nyc3'

/** A simulated team with an operator's token. */
export interface DigitalOceanGround extends AsyncDisposable {
  readonly cloud: DigitalOcean
  readonly home: Team
  readonly token: Token
  /** Data of a Secret. */
  readonly secret: Readonly<Record<string, string>>
  /** What the operator's own configuration needs, so that it speaks to this world and to no other. */
  readonly environment: Readonly<Record<string, string>>
  /** Requests of an operation, in their order. */
  readonly asked: (operation: string) => readonly Entry[]
  /** Where requests and answers differed from what DigitalOcean describes, each once. */
  readonly differing: () => readonly string[]
  /** Everything that is there. */
  readonly left: () => readonly string[]
}

export async function aDigitalOceanGround(options: Options = {}): Promise<DigitalOceanGround> {
  const { cert, key, environment } = await aTrustedIdentity('digitalocean')
  const cloud = await startDigitalOcean({ key, cert }, options)
  const home = cloud.addTeam()
  const token = home.addToken()
  return {
    cloud,
    home,
    token,
    secret: { token: token.value },
    environment: { DIGITALOCEAN_API_URL: cloud.endpoint, ...environment },
    asked: operation => cloud.ledger.filter(each => each.operation === operation),
    differing: () => [...new Set(cloud.ledger.flatMap(({ differs }) => differs))],
    left: () => leftIn(home),
    [Symbol.asyncDispose]: () => cloud[Symbol.asyncDispose](),
  }
}
