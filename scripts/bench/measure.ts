import { wait } from '../../src/lib/wait.ts'
import { percentile } from '../percentile.ts'
import type { Measured } from './figures.ts'
import { type BenchCall, Home } from './home.ts'
import { firstLaunches } from './launches.ts'
import { load, VitalSigns } from './load.ts'
import type { BenchOptions } from './options.ts'
import { rawWritesPerSecond } from './raw-writes.ts'
import { Scene } from './scene.ts'
import { watchSchedulers } from './schedulers.ts'

export interface Measurement {
  readonly figures: Measured
  /** Over which the schedulers were watched. */
  readonly connections: number
}

/** Everything, one after another: nothing that is measured runs beside anything else that is. */
export async function measure(options: BenchOptions, call: BenchCall): Promise<Measurement> {
  await using home = await Home.open()
  const machinery = await measureMachinery(options, home, call)
  call.progress(`${options.schedulers} real Dask schedulers`)
  const { kib, connections } = await watchSchedulers(options.schedulers, home, call)
  return { figures: { ...machinery, kib_per_scheduler: kib }, connections }
}

async function measureMachinery(
  options: BenchOptions,
  home: Home,
  call: BenchCall,
): Promise<Omit<Measured, 'kib_per_scheduler'>> {
  const { clusters, workers, restSeconds } = options
  const { progress } = call
  await using scene = await Scene.open(home, call)
  progress(`${options.writes} writes to the API server, nobody else there`)
  const raw = await rawWritesPerSecond(scene.kube, options.writes, call)
  await scene.startOperator()
  using vitals = new VitalSigns(scene)
  progress(`${options.launches} clusters one by one, ${options.perSecond} a second`)
  const launches = await firstLaunches(scene, options)
  progress(`${clusters} clusters of 2 workers at once`)
  const crowd = await load(scene, named('crowd', clusters), 2)
  progress(`${restSeconds} s of rest`)
  const writesAtRest = await rest(scene, restSeconds)
  await vitals.look()
  const { rssMb } = vitals
  progress(`a cluster of ${workers} workers`)
  const large = await load(scene, ['large'], workers)
  await vitals.look()
  return {
    first_launch_p50_ms: percentile(launches, 0.5),
    first_launch_p99_ms: percentile(launches, 0.99),
    clusters_per_s: crowd.clustersPerS,
    writes_per_cluster_2: crowd.writes,
    writes_per_cluster_200: large.writes,
    events_per_cluster: Math.max(crowd.events, large.events),
    rss_mb: rssMb,
    writes_at_rest: writesAtRest,
    loop_stall_ms: vitals.stallMs,
    raw_writes_per_s: raw,
    operator_cpu_ms: crowd.operatorCpuMs,
    apiserver_cpu_ms: crowd.apiServerCpuMs,
  }
}

/** Writes a minute, of whatever kind. */
async function rest(scene: Scene, seconds: number): Promise<number> {
  const before = await scene.operator.vitals()
  await wait(seconds * 1000, scene.call)
  const after = await scene.operator.vitals()
  return ((after.writes - before.writes) * 60) / seconds
}

const named = (name: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) => `${name}-${at}`)
