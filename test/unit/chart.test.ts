import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { readValues } from '../../scripts/chart/values.ts'
import { schemasByPath } from '../../scripts/chart/values-schema.ts'

const read = (file: string): string => readFileSync(`deploy/chart/${file}`, 'utf8')

test('chart, operator and package have one version', () => {
  const { version }: { readonly version: string } = JSON.parse(readFileSync('package.json', 'utf8'))
  expect(parse(read('Chart.yaml'))).toMatchObject({ version, appVersion: version })
})

test('each value has a schema, and each that a schema knows has a default and a comment', () => {
  const [schemas, values] = [schemasByPath(), readValues()]
  const isLeaf = (path: string): boolean => schemas.get(path)?.properties === undefined
  const known = [...schemas.keys()].filter(path => isLeaf(path) && path !== 'global')
  const named = new Map(values.map(({ path, comment }) => [path, comment]))
  const settings = known.filter(path => path.startsWith('settings.'))
  expect(settings.length).toBeGreaterThan(15)
  expect(known.filter(path => !path.startsWith('settings.') && !named.get(path))).toEqual([])
  const inOpenMap = (path: string): boolean =>
    [...schemas].some(
      ([above, { properties, type }]) => path.startsWith(`${above}.`) && type === 'object' && !properties,
    )
  expect([...named.keys()].filter(path => !schemas.has(path) && !inOpenMap(path))).toEqual([])
})

test('each definition has the one line at which crds.keep is written', () => {
  const files = globSync('deploy/chart/files/crds/*.yaml')
  expect(files.map(file => file.replace('deploy/chart/files/', ''))).toEqual(globSync('crds/*.yaml'))
  for (const file of files) expect(readFileSync(file, 'utf8').split('\nmetadata:\n')).toHaveLength(2)
})

test('a release can name its image in the values: once by its place, once by its digest', () => {
  expect(read('values.yaml').match(/^ {2}repository: dask-cloud-operator$/gm)).toHaveLength(1)
  expect(read('values.yaml').match(/^ {2}digest: ""$/gm)).toHaveLength(1)
})
