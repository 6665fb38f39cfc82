import type { DigitalOceanGround } from '../digitalocean/ground.ts'
import { homeRegion } from '../digitalocean/ground.ts'
import type { Droplet, Team } from '../digitalocean/team.ts'
import type { SimulatedCloud, SimulatedMachine } from './simulated-cloud.ts'

/** The home team of a simulated DigitalOcean. */
export const digitalOceanCloud = ({
  home,
  secret,
  environment,
  left,
}: DigitalOceanGround): SimulatedCloud => ({
  spec: { cloud: { digitalOcean: { region: homeRegion } }, size: 's-4vcpu-8gb' },
  settings: {},
  env: environment,
  credentials: secret,
  machines: () => home.droplets.map(each => machineOf(home, each)),
  // One tag of the installation stays.
  left: () => left().filter(each => !each.startsWith('tag dask-installation:')),
})

function machineOf(team: Team, droplet: Droplet): SimulatedMachine {
  const { privateIp: ip, size, region: zone, userData, isOff, deletedAt, tags } = droplet
  const id = String(droplet.id)
  const isRunning = team.statusOf(droplet) === 'active'
  return {
    id,
    role: [...tags].some(tag => /^dask-launch:[^:]*:[^:]*:w:/.test(tag)) ? 'worker' : 'scheduler',
    ip,
    state: deletedAt !== undefined || isOff ? 'ended' : isRunning ? 'running' : 'starting',
    start: {
      id,
      ip,
      mac: `ee:01:${ip
        .split('.')
        .map(part => Number(part).toString(16).padStart(2, '0'))
        .join(':')}`,
      size,
      zone,
      userData: Buffer.from(userData),
    },
    said: droplet.console,
    say: text => {
      droplet.console = text
    },
    end(by) {
      if (by === 'itself') droplet.isOff = true
      else droplet.deletedAt ??= team.now()
    },
  }
}
