import { type BenchCall, Home } from '../home.ts'
import { Scene } from '../scene.ts'
import { lived } from './life.ts'
import type { Life, SingleLife } from './parts.ts'
import type { Site } from './site.ts'

export interface LivesOptions {
  readonly json: string | undefined
  /** Of each cluster, one after another. */
  readonly workers: readonly number[]
  /** Whether there is to be something to compare with. */
  readonly single: boolean
  readonly latencyMs: number
}

export interface Lives {
  readonly operator: readonly Life[]
  /** Empty where they were left out. */
  readonly singles: readonly SingleLife[]
  /** The operator's resident memory, in MB: before it has loaded the cloud's SDK, and after its first cluster's life. */
  readonly memory: { readonly before: number; readonly after: number }
}

/** Everything, one after another: nothing that is measured runs beside anything else that is. */
export async function measureLives(options: LivesOptions, site: Site, call: BenchCall): Promise<Lives> {
  await using home = await Home.open()
  const own = await operatorAt(site, options, home, call)
  const singles: SingleLife[] = []
  for (const workers of options.single ? options.workers : []) {
    call.progress(`one at a time: ${workers} workers`)
    singles.push(await site.single(workers, call))
  }
  return { ...own, singles }
}

async function operatorAt(
  site: Site,
  options: LivesOptions,
  home: Home,
  call: BenchCall,
): Promise<Omit<Lives, 'singles'>> {
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
