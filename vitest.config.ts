import { defineConfig } from 'vitest/config'

const quick = { testTimeout: 30_000, hookTimeout: 30_000 }
const slow = { testTimeout: 600_000, hookTimeout: 900_000, fileParallelism: false }
const globalSetup = ['test/support/control-plane-setup.ts']

/** One kind of test after another, the quickest first. */
const projects = [
  { name: 'unit', ...quick },
  { name: 'property', ...slow },
  { name: 'contract', ...slow },
  { name: 'integration', ...slow, globalSetup },
  { name: 'e2e', ...slow, globalSetup },
  { name: 'booted', ...slow, globalSetup: ['test/support/machines/setup.ts'] },
]

export default defineConfig({
  test: {
    projects: projects.map((project, order) => ({
      test: { include: [`test/${project.name}/**/*.test.ts`], sequence: { groupOrder: order }, ...project },
    })),
  },
})
