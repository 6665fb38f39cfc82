import type { Check } from '../telemetry/health.ts'

/** What health is made of; the leader adds its own. A standby is alive and ready to take over. */
export class Checks {
  readonly live: Check[]
  readonly ready: Check[] = []

  constructor(...live: readonly Check[]) {
    this.live = [...live]
  }

  /** Adds more of both for as long as what it returns is not disposed. */
  add({ live, ready }: { readonly live: readonly Check[]; readonly ready: readonly Check[] }): Disposable {
    this.live.push(...live)
    this.ready.push(...ready)
    return {
      [Symbol.dispose]: () => {
        for (const each of live) this.live.splice(this.live.indexOf(each), 1)
        for (const each of ready) this.ready.splice(this.ready.indexOf(each), 1)
      },
    }
  }
}
