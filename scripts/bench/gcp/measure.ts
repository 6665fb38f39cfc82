import { type BenchCall, Home } from '../home.ts'
import { Scene } from '../scene.ts'
import { lived } from './lives.ts'
import type { GcpOptions } from './options.ts'
import type { Life } from './parts.ts'
import { type SingleLife, singleLife } from './singles.ts'
import { openSite, type Site } from './site.ts'

export interface GcpMeasurement {
  readonly operator: readonly Life[]
  /** Empty where they were left out. */
  readonly singles: readonly SingleLife[]
  /** The operator's resident memory, in MB: before it has loaded Google's SDK, and after its first cluster's life. */
  readonly memory: { readonly before: number; readonly after: number }
}

/** Everything, one after another: nothing that is measured runs beside anything else that is. */
export async function measureGcp(options: GcpOptions, call: BenchCall): Promise<GcpMeasurement> {
  await using home = await Home.open()
  await using site = await openSite(options)
  const own = await operatorAt(site, options, home, call)
  const singles: SingleLife[] = []
  for (const workers of options.single ? options.workers : []) {
    call.progress(`one at a time: ${workers} workers`)
    singles.push(await singleLife(site, workers, call))
  }
  return { ...own, singles }
}

async function operatorAt(
  site: Site,
  options: GcpOptions,
  home: Home,
  call: BenchCall,
): Promise<Omit<GcpMeasurement, 'singles'>> {
  await using scene = await Scene.open(home, call)
  await scene.startOperator({ env: site.environment })
  const { rssMb: before } = await scene.operator.vitals()
  let after = before
  const operator: Life[] = []
  for (const workers of options.workers) {
    call.progress(`a cluster of ${workers} workers`)
    operator.push(await lived(scene, site, workers))
    if (operator.length === 1) after = (await scene.operator.vitals()).rssMb
  }
  return { operator, memory: { before, after } }
}
