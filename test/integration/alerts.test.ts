import { globSync } from 'node:fs'
import { expect, test } from 'vitest'
import { runTool } from '../../scripts/chart-tools/index.ts'
import { promtoolHere } from '../support/promtool.ts'

const promtool = await promtoolHere()

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
