import type { Start } from './room.ts'

/** A simulated cloud whose machines boot: what the operator's story needs to know of it. */
export interface SimulatedCloud {
  /** Of clusters in it: `spec.cloud`, and what they call their sizes. */
  readonly spec: { readonly cloud: object; readonly size: string }
  /** What an operator needs, so that it reaches this cloud and no other. */
  readonly settings: Readonly<Record<string, string>>
  readonly env: Readonly<Record<string, string>>
  /** The members of the Secret that its clusters name; undefined where the operator's own identity does. */
  readonly credentials?: Readonly<Record<string, string>>
  /** Every machine that is there or was, in the order in which they were made. */
  machines(): readonly SimulatedMachine[]
  /** Everything that still costs money or clutters the account. */
  left(): readonly string[]
}

export interface SimulatedMachine {
  readonly id: string
  readonly role: string
  readonly ip: string
  /** `ended` from when somebody has asked for it, or it has ended itself. */
  readonly state: 'starting' | 'running' | 'ended'
  readonly start: Start
  /** What the cloud shows of its console. */
  readonly said: string
  /** It says so on its console, all in all. */
  say(text: string): void
  /** It is ended by somebody else than the operator, or by itself. */
  end(by: 'somebody' | 'itself'): void
}
