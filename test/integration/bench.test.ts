import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { figureNames } from '../../scripts/bench/figures.ts'
import { record } from '../../src/lib/parse.ts'
import { controlPlane } from '../support/control-plane.ts'
import { Demo, nothing } from '../support/demo-process.ts'
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

test('the bench prints every figure and writes it under its name', async ({ signal }) => {
  await using directory = await operatorDirectory()
  const json = join(directory.path, 'figures.json')
  const words = Object.entries(small).flatMap(([name, value]) => [`--${name}`, String(value)])
  const bench = ['scripts/bench.ts', ...words, '--json', json]
  const { stdout } = await promisify(execFile)(process.execPath, bench, { signal })
  const figures = record(JSON.parse(await readFile(json, 'utf8')), 'figures')
  expect(Object.keys(figures)).toEqual([...figureNames])
  expect(figureNames.filter(name => !Number.isFinite(figures[name]))).toEqual([])
  // What does not depend on how fast this computer is.
  expect(figures['writes_per_cluster_2']).toBeLessThanOrEqual(16)
  expect(figures['writes_per_cluster_200']).toBeLessThanOrEqual(16)
  expect(figures['events_per_cluster']).toBeLessThanOrEqual(6)
  expect(figures['writes_at_rest']).toBe(0)
  expect(stdout.match(/ (met|MISSED)$/gm)).toHaveLength(8)
  expect(stdout).toMatch(/^2 schedulers were watched over 2 connections$/m)
})

const steps = ['writes to the API server', 'clusters of 2 workers at once', 'real Dask schedulers']

test.each(steps)('after SIGTERM nothing is left: %s', async step => {
  await using directory = await operatorDirectory()
  const asked = { ...small, clusters: 10, writes: 500, schedulers: 3, launches: 1, workers: 1 }
  const words = Object.entries(asked).flatMap(([name, value]) => [`--${name}`, String(value)])
  const bench = new Demo(directory.path, words, {}, 'scripts/bench.ts')
  await bench.says(step)
  expect(await bench.end('SIGTERM')).toBe(143)
  expect(bench.output).toContain('SIGTERM: stopping and removing everything')
  expect(bench.output).toContain('nothing is left')
  await nothing(bench)
})
