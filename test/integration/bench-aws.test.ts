import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { list, record } from '../../src/lib/parse.ts'
import { controlPlane } from '../support/control-plane.ts'
import { operatorDirectory } from '../support/operator.ts'

// It starts a control plane of its own; where none can be had, this is skipped with the others.
controlPlane()

test('the bench of AWS counts what a launch asks for, and that reads do not grow with clusters', async ({
  signal,
}) => {
  await using directory = await operatorDirectory()
  const json = join(directory.path, 'figures.json')
  const words = ['--workers', '10', '--no-peer', '--clusters', '3', '--seconds', '20', '--json', json]
  const bench = ['scripts/bench.ts', 'aws', ...words]
  const { stdout } = await promisify(execFile)(process.execPath, bench, { signal })
  const figures = record(JSON.parse(await readFile(json, 'utf8')), 'figures')
  // One for the scheduler and one for all workers, whatever the pace of this computer.
  expect(figures['operator']).toEqual([
    expect.objectContaining({ workers: 10, runInstances: 2, throttled: 0 }),
  ])
  const [one, many] = list(figures['reads_per_minute'], 'reads_per_minute').map(each => record(each, 'reads'))
  // Two lists of four calls each in twenty seconds, and one more or less where the counting began.
  expect(one?.['perMinute']).toBeGreaterThanOrEqual(12)
  expect(one?.['perMinute']).toBeLessThanOrEqual(36)
  expect(many).toEqual({ clusters: 3, perMinute: expect.any(Number) })
  expect(stdout).toMatch(/^ +operator +10 +2 +\d+ +0 +[\d.]+$/m)
  expect(stdout.match(/ (met|MISSED)$/gm)).toHaveLength(1)
})
