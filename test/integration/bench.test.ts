import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { figureNames } from '../../scripts/bench/figures.ts'
import { record } from '../../src/lib/parse.ts'
import { controlPlane } from '../support/control-plane.ts'
import { operatorDirectory } from '../support/operator.ts'

// It starts a control plane of its own; where none can be had, this is skipped with the others.
controlPlane()

const small = {
  clusters: 5,
  workers: 20,
  launches: 5,
  writes: 100,
  schedulers: 2,
  'rest-seconds': 2,
}

test('the bench prints every figure and writes it under its name', async () => {
  await using directory = await operatorDirectory()
  const json = join(directory.path, 'figures.json')
  const words = Object.entries(small).flatMap(([name, value]) => [`--${name}`, String(value)])
  const bench = ['scripts/bench.ts', ...words, '--json', json]
  const { stdout } = await promisify(execFile)(process.execPath, bench)
  const figures = record(JSON.parse(await readFile(json, 'utf8')), 'figures')
  expect(Object.keys(figures)).toEqual([...figureNames])
  expect(figureNames.filter(name => !Number.isFinite(figures[name]))).toEqual([])
  // What does not depend on how fast this computer is.
  expect(figures['writes_per_cluster_2']).toBeLessThanOrEqual(16)
  expect(figures['writes_per_cluster_200']).toBeLessThanOrEqual(16)
  expect(figures['events_per_cluster']).toBeLessThanOrEqual(6)
  expect(figures['writes_at_rest']).toBe(0)
  expect(stdout.match(/ (met|MISSED)$/gm)).toHaveLength(8)
})
