import { globSync } from 'node:fs'
import { beforeEach, expect, test } from 'vitest'
import { findPromtool, NoPromtool } from '../../scripts/alert-tools/index.ts'
import { runTool } from '../../scripts/chart-tools/index.ts'
import { tell } from '../support/python.ts'

const promtool = await findPromtool({
  signal: AbortSignal.timeout(900_000),
  progress: tell,
}).catch((error: unknown) => {
  if (!(error instanceof NoPromtool)) throw error
  beforeEach(({ skip }) => skip(error.message))
  return ''
})

test('promtool finds nothing wrong in the alerts', async () => {
  expect(await runTool(promtool, ['check', 'rules', 'deploy/chart/rules/alerts.yaml'])).toMatch(
    /SUCCESS: \d+ rules found/,
  )
})

test('every alert fires where it should, says what it should, and does not where it should not', async () => {
  const files = globSync('test/alerts/*.yaml')
  const said = await runTool(promtool, ['test', 'rules', ...files])
  expect(said.match(/SUCCESS/g)).toHaveLength(files.length)
})
