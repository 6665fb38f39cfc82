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

test('the bench of Azure counts what a cluster asks for, and what one machine at a time does', async ({
  signal,
}) => {
  await using directory = await operatorDirectory()
  const json = join(directory.path, 'figures.json')
  const pace = [
    '--latency-ms',
    '20',
    '--operation-ms',
    '50',
    '--start-ms',
    '200',
    '--end-ms',
    '300',
    '--look-s',
    '1',
  ]
  const bench = ['scripts/bench.ts', 'azure', '--workers', '10', ...pace, '--json', json]
  const { stdout } = await promisify(execFile)(process.execPath, bench, { signal })
  const figures = record(JSON.parse(await readFile(json, 'utf8')), 'figures')
  // One for each machine: Azure has no other way.
  expect(figures['operator']).toEqual([expect.objectContaining({ workers: 10, creates: 11 })])
  const [single] = list(figures['singles'], 'singles').map(each => record(each, 'single'))
  expect(single).toMatchObject({ kind: 'whole', workers: 10, creates: 11, made: 11 })
  // Rules, interface, machine, and a look at both of these: of each machine, at least.
  const { launch, start } = record(single, 'single')
  expect(callsOf(launch) + callsOf(start)).toBeGreaterThanOrEqual(55)
  expect(stdout).toMatch(/^ +operator +10 +launch +11 +\d+ +0 +[\d.]+$/m)
  expect(stdout.match(/ (met|MISSED)$/gm)).toHaveLength(4)
})

const callsOf = (part: unknown): number => Number(record(part, 'part')['calls'])
