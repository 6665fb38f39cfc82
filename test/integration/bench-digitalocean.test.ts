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

test('the bench of DigitalOcean counts what a cluster asks for, and what one droplet at a time does', async ({
  signal,
}) => {
  await using directory = await operatorDirectory()
  const json = join(directory.path, 'figures.json')
  const pace = ['--latency-ms', '20', '--address-ms', '50', '--start-ms', '200', '--end-ms', '300']
  const bench = ['scripts/bench.ts', 'digitalocean', '--workers', '12', ...pace, '--json', json]
  const { stdout } = await promisify(execFile)(process.execPath, bench, { signal })
  const figures = record(JSON.parse(await readFile(json, 'utf8')), 'figures')
  // The scheduler, ten workers, two more.
  expect(figures['operator']).toEqual([expect.objectContaining({ workers: 12, creates: 3 })])
  const [single] = list(figures['singles'], 'singles').map(each => record(each, 'single'))
  expect(single).toMatchObject({ kind: 'whole', workers: 12, creates: 13, made: 13 })
  // A droplet and a look at it, at least.
  const { launch, start } = record(single, 'single')
  expect(callsOf(launch) + callsOf(start)).toBeGreaterThanOrEqual(26)
  expect(stdout).toMatch(/^ +operator +12 +launch +3 +\d+ +0 +[\d.]+$/m)
  expect(stdout.match(/ (met|MISSED)$/gm)).toHaveLength(4)
})

const callsOf = (part: unknown): number => Number(record(part, 'part')['calls'])
