import { isRecord } from '../../../src/lib/parse.ts'
import type { GcpGround } from '../gcp/gcp-ground.ts'
import { homeProject, homeRegion } from '../gcp/gcp-ground.ts'
import { endInstance, settle, statusOf } from '../gcp/lives.ts'
import type { Instance, Project } from '../gcp/world.ts'
import type { SimulatedCloud, SimulatedMachine } from './simulated-cloud.ts'

/** The home project of a simulated Google Cloud, which is reached with the key of its operator's account. */
export function gceCloud({ home, environment, keyFile, left }: GcpGround): SimulatedCloud {
  const known = new Map<string, Instance>()
  return {
    spec: { cloud: { gcp: { project: homeProject, region: homeRegion } }, size: 'e2-standard-4' },
    settings: {},
    env: environment,
    credentials: { 'credentials.json': JSON.stringify(keyFile) },
    machines() {
      settle(home)
      // Google forgets a machine that is gone.
      for (const each of home.instances.values()) known.set(each.name, each)
      return [...known.values()].map(each => machineOf(home, each))
    },
    left,
  }
}

function machineOf(project: Project, instance: Instance): SimulatedMachine {
  const { name: id, machineType: size, scope, nic, given, labels, deletedAt, stoppedAt } = instance
  const isOver = deletedAt !== undefined || stoppedAt !== undefined
  const isRunning = statusOf(project, instance) === 'RUNNING'
  return {
    id,
    role: labels['dask-role'] ?? '',
    ip: nic.ip,
    state: isOver ? 'ended' : isRunning ? 'running' : 'starting',
    start: {
      id,
      ip: nic.ip,
      mac: `42:01:${nic.ip
        .split('.')
        .map(part => Number(part).toString(16).padStart(2, '0'))
        .join(':')}`,
      size,
      zone: scope.slice('zones/'.length),
      userData: Buffer.from(userDataIn(given['metadata'])),
    },
    said: instance.console,
    say: text => {
      instance.console = text
    },
    end: by => endInstance(project, id, by === 'itself' ? 'STOP' : 'DELETE'),
  }
}

function userDataIn(metadata: unknown): string {
  const items = isRecord(metadata) && Array.isArray(metadata['items']) ? metadata['items'] : []
  const found: unknown = items.find(each => isRecord(each) && each['key'] === 'user-data')
  return isRecord(found) ? String(found['value']) : ''
}
