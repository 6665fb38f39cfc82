import type { Finding } from '../model/status.ts'

/** What is found of a condition that is told apart elsewhere. */
export type Verdict = Omit<Finding, 'type'>

export const yes = (reason: string, message: string): Verdict => ({ status: 'True', reason, message })
export const no = (reason: string, message: string): Verdict => ({ status: 'False', reason, message })
