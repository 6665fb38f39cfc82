import type { DaskCloudClass } from '../api/class-resource.ts'
import { isKubeError } from '../kube/fault.ts'
import type { Call } from '../lib/call.ts'
import { canonical } from '../lib/fingerprint.ts'
import { wait } from '../lib/wait.ts'
import { updatedConditions } from '../model/conditions.ts'
import type { Finding } from '../model/status.ts'

export interface ClassKeeperOptions {
  /** All of them, as they are now. */
  readonly classes: () => readonly DaskCloudClass[]
  /** What a class rests on beside itself: another one with every change of its Secret. */
  readonly basis: (one: DaskCloudClass) => string
  /** A dry run of everything: its conditions. */
  readonly tried: (one: DaskCloudClass, call: Call) => Promise<readonly Finding[]>
  /** Throws a KubeError. */
  readonly write: (
    one: DaskCloudClass,
    status: Readonly<Record<string, unknown>>,
    call: Call,
  ) => Promise<unknown>
  readonly onProblem: (error: unknown, one: DaskCloudClass) => void
  /** Milliseconds of a clock that never jumps. */
  readonly now: () => number
}

const lookMs = 500
/** What works, as far as anybody can tell, is looked at again so often, and what does not or is not known yet. */
const againMs = { good: 600_000, bad: 20_000 }

/** Keeps the conditions of classes: each is tried when it or its Secret changes, and again from time to time. */
export class ClassKeeper {
  readonly #options: ClassKeeperOptions
  readonly #known = new Map<string, { readonly basis: string; readonly dueAt: number }>()

  constructor(options: ClassKeeperOptions) {
    this.#options = options
  }

  async run(call: Call): Promise<void> {
    while (!call.signal.aborted) {
      await this.look(call)
      await wait(lookMs, call).catch(() => undefined)
    }
  }

  /** Tries those that are due. It never fails. */
  async look(call: Call): Promise<void> {
    const { classes, basis, now } = this.#options
    const all = classes()
    for (const uid of this.#known.keys()) if (!all.some(one => one.uid === uid)) this.#known.delete(uid)
    for (const one of all) {
      const known = this.#known.get(one.uid)
      const rests = `${one.generation} ${basis(one)}`
      if (call.signal.aborted || (known?.basis === rests && now() < known.dueAt)) continue
      const isGood = await this.#keep(one, call).catch((error: unknown) => {
        this.#options.onProblem(error, one)
        return false
      })
      this.#known.set(one.uid, { basis: rests, dueAt: now() + againMs[isGood ? 'good' : 'bad'] })
    }
  }

  async #keep(one: DaskCloudClass, call: Call): Promise<boolean> {
    const { tried, write } = this.#options
    const found = await tried(one, call)
    const moment = { generation: one.generation, at: new Date().toISOString() }
    const conditions = updatedConditions(one.conditions, found, moment)
    const isNews = canonical(conditions) !== canonical(one.conditions)
    if (isNews)
      await write(one, { observedGeneration: one.generation, conditions }, call).catch((error: unknown) => {
        // It has changed or gone meanwhile: whatever it is now is looked at again.
        if (!isKubeError(error, 404, 409)) throw error
      })
    return found.every(({ status, reason }) => status === 'True' || reason === 'CannotTell')
  }
}
