import type { Check } from '../telemetry/health.ts'

/** What health is made of; the leader adds its own. A standby is alive and ready to take over. */
export class Checks {
  readonly live: Check[]
  readonly ready: Check[] = []

  constructor(...live: readonly Check[]) {
    this.live = [...live]
  }
}
