import { type Ec2, homeAccount, homeKey } from '../aws/ec2.ts'
import { endInstance, type Instance, leftIn, type Region, stateOf } from '../aws/world.ts'
import type { SimulatedCloud, SimulatedMachine } from './simulated-cloud.ts'

const regionName = 'us-east-1'

/** The home account of a simulated AWS. */
export function ec2Cloud({ world, endpoint }: Ec2): SimulatedCloud {
  const region = world.region(homeAccount, regionName)
  return {
    spec: { cloud: { aws: { region: regionName } }, size: 'm7i.large' },
    settings: { 'ambient-clouds': 'aws' },
    env: { AWS_ENDPOINT_URL: endpoint, AWS_ACCESS_KEY_ID: homeKey, AWS_SECRET_ACCESS_KEY: 'secret' },
    machines: () => [...region.instances.values()].map(each => machineOf(region, each)),
    left: () => leftIn(region),
  }
}

function machineOf(region: Region, instance: Instance): SimulatedMachine {
  const { id, type: size, zone, network, userData, end, tags } = instance
  const card = region.interfaces.get(network)
  const { privateIp: ip = '', mac = '' } = card ?? {}
  const isRunning = stateOf(region, instance) === 'running'
  return {
    id,
    role: [...tags].find(([key]) => key.endsWith('/role'))?.[1] ?? '',
    ip,
    state: end === undefined ? (isRunning ? 'running' : 'starting') : 'ended',
    start: { id, ip, mac, size, zone, userData: Buffer.from(userData, 'base64') },
    said: instance.console,
    say: text => {
      instance.console = text
    },
    end: by => endInstance(region, id, by === 'itself' ? 'itself' : 'user'),
  }
}
