import { defineConfig } from 'vitest/config'
import { busyTests, WaitingInOrder, waitingAtOnce, waitingTests } from './scripts/waiting-tests.ts'

const quick = { testTimeout: 30_000, hookTimeout: 30_000 }
const patient = { testTimeout: 600_000, hookTimeout: 900_000 }
const slow = { ...patient, fileParallelism: false }
const paired = { ...patient, maxWorkers: 2 }
const waiting = { ...patient, maxWorkers: waitingAtOnce, include: [...waitingTests] }
const globalSetup = ['test/support/control-plane-setup.ts']

/** One kind of test after another, the quickest first. A kind may be several projects: what follows `:` tells them apart. */
const projects = [
  { name: 'unit', ...quick },
  { name: 'property', ...slow },
  { name: 'contract', ...slow },
  { name: 'integration:busy', ...slow, globalSetup, include: [...busyTests] },
  { name: 'integration', ...paired, globalSetup, exclude: [...waitingTests, ...busyTests] },
  { name: 'integration:waiting', ...waiting, globalSetup },
  { name: 'e2e', ...paired, globalSetup },
  { name: 'booted', ...slow, globalSetup: ['test/support/machines/setup.ts'] },
]

export default defineConfig({
  test: {
    sequence: { sequencer: WaitingInOrder },
    projects: projects.map((project, order) => ({
      test: { include: [`test/${project.name}/**/*.test.ts`], sequence: { groupOrder: order }, ...project },
    })),
  },
})
