import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'

interface Locked {
  readonly resolved?: string
  readonly integrity?: string
  readonly os?: readonly string[]
  readonly cpu?: readonly string[]
  readonly dev?: boolean
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const { packages }: { readonly packages: Readonly<Record<string, Locked>> } = JSON.parse(
  await readFile('package-lock.json', 'utf8'),
)

test('the lock file names no registry, so that any can be used', () => {
  expect(Object.keys(packages).filter(path => packages[path]?.resolved !== undefined)).toEqual([])
})

test('the lock file has every platform in it: npm ci refuses one made where some could not be found', () => {
  const wanted = Object.values(packages).flatMap(({ optionalDependencies = {} }) =>
    Object.keys(optionalDependencies),
  )
  expect(wanted.filter(name => packages[`node_modules/${name}`] === undefined)).toEqual([])
})

test('what runs on Linux with glibc is pinned by its content', () => {
  const loose = Object.entries(packages).filter(
    ([path, { integrity }]) => path !== '' && integrity === undefined,
  )
  const elsewhere = /darwin|win32|android|freebsd|openharmony|musl|linux-(arm-|ppc64|riscv64|s390x)/
  expect(loose.map(([path]) => path).filter(path => !elsewhere.test(path))).toEqual([])
})

test('what runs is the same on every platform: the image is put together on one for all', () => {
  const production = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true)
  expect(production.length).toBeGreaterThan(100)
  expect(production.filter(([, { os, cpu }]) => os !== undefined || cpu !== undefined)).toEqual([])
})
