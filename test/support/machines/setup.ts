import type { TestProject } from 'vitest/node'
import { type ProvidedMachines, readMachines } from './suite.ts'

declare module 'vitest' {
  interface ProvidedContext {
    machines: ProvidedMachines
  }
}

/** Machines boot in a network namespace of the run's own, which `npm test` makes; without one their tests are skipped. */
export function setup(project: TestProject): void {
  project.provide('machines', readMachines(process.env))
}
