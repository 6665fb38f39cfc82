import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const record = readFileSync('docs/adr/0002-dependencies.md', 'utf8')
const manifest: Readonly<Record<'dependencies' | 'devDependencies', Readonly<Record<string, string>>>> =
  JSON.parse(readFileSync('package.json', 'utf8'))

const kinds = [
  { when: 'at run time', kind: 'dependencies' },
  { when: 'in development', kind: 'devDependencies' },
] as const

/** What stands in the table under that heading: each package, and what it is for. */
function reasons(when: string): readonly (readonly [name: string, reason: string])[] {
  const [table = ''] = record.slice(record.indexOf(`| ${when} | for |`)).split('\n\n')
  return table
    .split('\n')
    .slice(2)
    .flatMap(row => {
      const [, names = '', reason = ''] = row.split(/(?<!\\)\|/)
      return [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => [name, reason.trim()] as const)
    })
}

test.each(kinds)('each package $when has its reason, and no other has one', ({ when, kind }) => {
  const found = reasons(when)
  expect(found.map(([name]) => name).toSorted()).toEqual(Object.keys(manifest[kind]).toSorted())
  expect(found.filter(([, reason]) => reason.length < 3)).toEqual([])
})

test('the counts are right', () => {
  const [run, development] = kinds.map(({ kind }) => Object.keys(manifest[kind]).length)
  expect(record).toContain(`on ${run} packages at run time and on ${development} in development`)
  expect(readFileSync('docs/security.md', 'utf8')).toContain(
    `| ${run} packages at run time, each with a reason |`,
  )
})

test.each(kinds)('versions $when are exact', ({ kind }) => {
  const loose = Object.entries(manifest[kind]).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))
  expect(loose).toEqual([])
})
