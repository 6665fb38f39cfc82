import { defineConfig } from 'vitest/config'

const quick = { testTimeout: 30_000, hookTimeout: 30_000 }
const slow = { testTimeout: 600_000, hookTimeout: 900_000, fileParallelism: false }

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], ...quick } },
      { test: { name: 'property', include: ['test/property/**/*.test.ts'], ...slow } },
      { test: { name: 'contract', include: ['test/contract/**/*.test.ts'], ...slow } },
      { test: { name: 'integration', include: ['test/integration/**/*.test.ts'], ...slow } },
      { test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], ...slow } },
    ],
  },
})
