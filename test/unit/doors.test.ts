import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'

/** Which rooms and files each room may import from; `*` is everything. A room may always import from itself. */
const doors: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  model: ['lib'],
  telemetry: ['lib'],
  plan: ['model', 'lib'],
  api: ['model', 'lib'],
  pki: ['model', 'lib'],
  bootstrap: ['model', 'lib'],
  clouds: ['model', 'lib', 'telemetry'],
  dask: ['model', 'lib', 'telemetry'],
  kube: ['api', 'model', 'lib', 'telemetry'],
  reconcile: ['plan', 'api', 'clouds/contract.ts', 'model', 'lib', 'telemetry'],
  controller: ['reconcile', 'model', 'lib', 'telemetry'],
  cli: ['api', 'dask', 'kube', 'pki/dask-yaml.ts', 'pki/identity.ts', 'model', 'lib'],
  'config.ts': ['*'],
  app: ['*'],
  'app.ts': ['*'],
  'main.ts': ['*'],
}
/** Doors that are open for types alone. */
const typesOnly = new Set(['reconcile -> api', 'reconcile -> clouds/contract.ts'])

const imports =
  /^(?:import|export)\s+(?<type>type\s)?(?:[^'";]*?from\s+)?'(?<from>\.[^']+)'|\bimport\('(?<lazy>\.[^']+)'\)/gm

test('every import between rooms goes through an open door', () => {
  const files = globSync('src/**/*.ts')
  expect(files.length).toBeGreaterThan(20)
  expect(files.flatMap(closedDoors)).toEqual([])
})

function closedDoors(file: string): readonly string[] {
  const room = roomOf(relative('src', file))
  return [...readFileSync(file, 'utf8').matchAll(imports)].flatMap(({ groups = {} }) => {
    const target = relative('src', join(dirname(file), groups['from'] ?? groups['lazy'] ?? ''))
    const open = [room, '*', roomOf(target), target].find(door =>
      door === room ? roomOf(target) === room : doors[room]?.includes(door),
    )
    if (open === undefined) return [`${file} imports ${target}`]
    const types = groups['type'] !== undefined
    return typesOnly.has(`${room} -> ${open}`) && !types
      ? [`${file} imports more than types from ${target}`]
      : []
  })
}

/** `plan` for `plan/workers.ts`, `app.ts` for itself. */
function roomOf(path: string): string {
  return path.split('/')[0] ?? path
}
