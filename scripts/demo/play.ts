import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Call } from '../../src/lib/call.ts'
import type { Asked } from './command.ts'
import { type Building, type Ground, ownGround } from './ground.ts'
import { playLife } from './life.ts'
import { Staff } from './staff.ts'
import type { Timeline } from './timeline.ts'
import { playTrial } from './trial.ts'
import { endClusters, usersGround } from './users-ground.ts'

/** Many clusters are spread over a few namespaces. */
const trialTenants = 3

/** The whole demo. However it ends, it ends with everything stopped and removed that it started and made. */
export async function play(asked: Asked, timeline: Timeline, call: Call): Promise<void> {
  await using open = new AsyncDisposableStack()
  const isTrial = asked.simulated !== undefined
  timeline.section(
    asked.cluster === undefined
      ? 'A Kubernetes API server and the operator, on this computer'
      : 'Your Kubernetes cluster, and the operator on this computer',
  )
  const directory = await home(open)
  const building = { timeline, open, tenants: isTrial ? trialTenants : 1 }
  const ground = await groundFor(asked, building, call)
  const cloud = isTrial ? 'simulated' : 'local'
  const staff = open.use(
    new Staff({ ...ground, namespace: ground.operatorNamespace, cloud, directory }, timeline),
  )
  await staff.begin(call)
  open.defer(() => endClusters(ground, () => staff.operator.end === undefined))
  timeline.step('operator', `leads and watches, with --allow-clouds ${cloud}`)
  const scene = { ground, staff, timeline, directory, keep: asked.keep }
  if (asked.simulated === undefined) await playLife(scene, call)
  else await playTrial({ ...scene, count: asked.simulated }, call)
  await staff.leave()
  await open.disposeAsync()
  timeline.step('stopped', ground.things)
}

function groundFor(asked: Asked, building: Building, call: Call): Promise<Ground> {
  const { cluster } = asked
  return cluster === undefined
    ? ownGround(building, call)
    : usersGround({ ...asked, cluster }, building, call)
}

/** A folder for everything. If this process is killed, the watchdog takes it away, and machines end with their folders. */
async function home(open: AsyncDisposableStack): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'dask-demo-'))
  open.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }))
  return directory
}
