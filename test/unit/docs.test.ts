import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

const pages = globSync(['*.md', 'docs/**/*.md', 'deploy/**/*.md']).map(path => ({
  path,
  text: readFileSync(path, 'utf8'),
}))

const anchorsOf = (path: string): readonly string[] =>
  [...readFileSync(path, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )

test('every link from a page to a file leads to one, and to a heading of it', () => {
  const broken = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)(?:#([^)\s]+))?\)/g)]
      .filter(([, target = '', anchor]) => {
        const file = join(dirname(path), target)
        if (!existsSync(file)) return true
        return anchor !== undefined && !anchorsOf(file).includes(anchor)
      })
      .map(([link]) => `${path}: ${link}`),
  )
  expect(broken).toEqual([])
})

test('every page of docs/ is in its index', () => {
  const index = readFileSync('docs/README.md', 'utf8')
  const missing = globSync(['docs/*.md', 'docs/reference/*.md'])
    .map(path => path.replace('docs/', ''))
    .filter(name => name !== 'README.md' && !index.includes(`(${name})`))
  expect(missing).toEqual([])
})

test('the first page names every condition', () => {
  const readme = readFileSync('README.md', 'utf8')
  const chapters = readFileSync('docs/troubleshooting.md', 'utf8').matchAll(/^## (\S+)$/gm)
  const conditions = [...chapters].map(([, title = '']) => title)
  const known = conditions.filter(
    title => /^[A-Z][a-z]+([A-Z]|ed$|y$|ing$)/.test(title) && title !== 'Events',
  )
  expect(known).toContain('UpdatePending')
  expect(known.filter(title => title !== 'Certificates' && !readme.includes(`\`${title}\``))).toEqual([])
})
