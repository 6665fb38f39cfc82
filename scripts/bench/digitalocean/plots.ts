import type { DigitalOcean, Entry } from '../../../test/support/digitalocean/server.ts'
import { leftIn, type Team, type Token } from '../../../test/support/digitalocean/team.ts'
import { ownAddress } from '../../../test/support/own-address.ts'
import type { Heard } from '../lives/parts.ts'
import type { Plot } from '../lives/site.ts'

/** A team, with a token that has rates of its own. */
export interface DigitalOceanPlot extends Plot {
  readonly team: Team
  readonly token: Token
}

export function plotIn(cloud: DigitalOcean, name: string): DigitalOceanPlot {
  const team = cloud.addTeam()
  const token = team.addToken()
  team.privateIp = ownAddress
  team.publicIp = ownAddress
  return {
    name,
    team,
    token,
    secret: { token: token.value },
    cloud: { digitalOcean: { region: 'nyc3' } },
    heard: () => cloud.ledger.filter(each => each.team === team.uuid).map(heard),
    made: () => team.alive.length,
    running: () => team.alive.filter(each => team.statusOf(each) === 'active').length,
    // One tag of the installation stays, and so do those of launches for an hour.
    left: () => leftIn(team).filter(each => !each.startsWith('tag ')),
  }
}

const heard = ({ at, operation, status, search }: Entry): Heard => ({
  at,
  isCreate: operation === 'droplets.create',
  isThrottled: status === 429,
  isRefused: status >= 400,
  page:
    operation === 'droplets.list' && search.includes('dask-installation')
      ? search.includes('page=1&')
        ? 'first'
        : 'further'
      : undefined,
})
