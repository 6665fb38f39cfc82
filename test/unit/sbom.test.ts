import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'

const run = promisify(execFile)

interface Bill {
  readonly bomFormat: string
  readonly metadata: { readonly component: Component }
  readonly components: readonly Component[]
}
interface Component {
  readonly name: string
  readonly version: string
  readonly type: string
  readonly licenses?: readonly { readonly license?: { readonly id?: string }; readonly expression?: string }[]
  readonly hashes?: readonly { readonly content: string }[]
}
interface Locked {
  readonly version: string
  readonly license: string
  readonly dev?: boolean
}

let bill: Bill
let locked: readonly (readonly [name: string, Locked])[]

beforeAll(async () => {
  const [{ stdout }, lock] = await Promise.all([
    run(process.execPath, ['scripts/sbom.ts'], { timeout: 25_000, maxBuffer: 32 * 1024 * 1024 }),
    readFile('package-lock.json', 'utf8'),
  ])
  bill = JSON.parse(stdout)
  const { packages }: { readonly packages: Readonly<Record<string, Locked>> } = JSON.parse(lock)
  locked = Object.entries(packages)
    .filter(([path]) => path !== '')
    .map(([path, entry]) => [path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length), entry])
})

const stated = ({ name, version, licenses = [] }: Component): string =>
  `${name} ${version} ${licenses.map(({ license, expression }) => license?.id ?? expression).join()}`
const inTree = (isForDevelopment: boolean): readonly string[] =>
  locked
    .filter(([, { dev = false }]) => dev === isForDevelopment)
    .map(([name, { version, license }]) => `${name} ${version} ${license}`)

test('the bill of materials is of this program', () => {
  expect(bill).toMatchObject({
    bomFormat: 'CycloneDX',
    metadata: { component: { name: 'dask-cloud-operator', type: 'application' } },
  })
})

test('it has every package of the production tree, by version and licence, and no other', () => {
  const found = new Set(bill.components.map(stated))
  const wanted = new Set(inTree(false))
  expect(wanted.size).toBeGreaterThan(100)
  expect([...found].toSorted()).toEqual([...wanted].toSorted())
})

test('it has nothing that is for development only', () => {
  const runs = new Set(inTree(false))
  const others = inTree(true).filter(each => !runs.has(each))
  expect(others.some(each => each.startsWith('vitest '))).toBe(true)
  const found = bill.components.map(stated)
  expect(others.filter(each => found.includes(each))).toEqual([])
})

test('it has the checksum of each package', () => {
  expect(bill.components.filter(({ hashes = [] }) => hashes.length === 0).map(stated)).toEqual([])
})
