import { every } from '../../src/lib/wait.ts'
import type { Applied } from './clusters.ts'
import type { Scene } from './scene.ts'
import { perSecond } from './statistics.ts'

const atOnce = 16

export interface Load {
  readonly clustersPerS: number
  readonly writes: number
  readonly events: number
  /** Processor time for each cluster, until all was quiet. */
  readonly operatorCpuMs: number
  readonly apiServerCpuMs: number
}

/** Applies clusters as fast as they are taken, waits until all are Ready, and counts what was written until all is quiet. */
export async function load(scene: Scene, names: readonly string[], workers: number): Promise<Load> {
  const { clusters } = scene
  const before = await scene.counts()
  await using arrivals = await clusters.watch()
  const began = Date.now()
  const applied = await inTurn(names, name => clusters.apply(name, workers))
  const readyAt = await arrivals.last(applied)
  await clusters.settled()
  await scene.quiet()
  const after = await scene.counts()
  compare(after.sent - before.sent, after.writes + after.events - before.writes - before.events)
  return {
    clustersPerS: perSecond(names.length, readyAt - began),
    writes: (after.writes - before.writes) / names.length,
    events: (after.events - before.events) / names.length,
    operatorCpuMs: (after.operatorCpuMs - before.operatorCpuMs) / names.length,
    apiServerCpuMs: (after.cpuMs - before.cpuMs) / names.length,
  }
}

/** Nobody else writes clusters, Secrets or events here, so both must have counted the same. */
function compare(sent: number, taken: number): void {
  if (sent !== taken)
    throw new Error(`the operator says that it sent ${sent} writes, and the API server took ${taken}`)
}

async function inTurn(
  names: readonly string[],
  apply: (name: string) => Promise<Applied>,
): Promise<Applied[]> {
  const left = names.values()
  const applied: Applied[] = []
  const work = async (): Promise<void> => {
    for (const name of left) applied.push(await apply(name))
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return applied
}

/** The operator's vital signs over a time: the longest stall, and the most memory. */
export class VitalSigns implements Disposable {
  stallMs = 0
  rssMb = 0
  readonly #scene: Scene
  readonly #timer: Disposable

  constructor(scene: Scene) {
    this.#scene = scene
    this.#timer = every(1_000, () => void this.look().catch(() => undefined))
  }

  async look(): Promise<void> {
    const { rssMb, stallMs } = await this.#scene.operator.vitals()
    this.rssMb = Math.max(this.rssMb, rssMb)
    this.stallMs = Math.max(this.stallMs, stallMs)
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]()
  }
}
