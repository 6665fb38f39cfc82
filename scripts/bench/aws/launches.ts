import { within } from '../../../src/lib/call.ts'
import { poll } from '../../../src/lib/wait.ts'
import type { Scene } from '../scene.ts'
import { type Launching, launchingOf, type Site } from './site.ts'
import { Tenant } from './tenants.ts'

const launchMs = 300_000

/**
 * A cluster in an account that the operator has not seen before: whatever it must know of that account, it asks within
 * the time that is measured.
 */
export async function launched(scene: Scene, site: Site, workers: number): Promise<Launching> {
  const tenant = await Tenant.of(scene, site.account())
  const { region, heard } = tenant.account
  const applied = await tenant.apply(`launch-${workers}`, workers)
  const all = (): true | undefined => (region.instances.size > workers ? true : undefined)
  await poll(all, 10, within(scene.call, launchMs))
  const launching = launchingOf(workers, heard(), applied.at)
  await scene.clusters.remove(applied)
  await scene.clusters.gone()
  return launching
}
