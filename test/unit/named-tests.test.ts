import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const kinds = ['unit', 'property', 'contract', 'integration', 'e2e', 'booted']
const { scripts }: { readonly scripts: Readonly<Record<string, string>> } = JSON.parse(
  readFileSync('package.json', 'utf8'),
)
const pages = ['*.md', 'docs/**/*.md'].flatMap(pattern => globSync(pattern))

/** What pages tell people to run, each line with its page. */
const lines = pages.flatMap(path =>
  [...readFileSync(path, 'utf8').matchAll(/npm (?:(test)|run(?: --silent)? ([\w-]+))((?: [\w.-]+)*)/g)].map(
    ([line, , script = 'test', words = '']) => ({ path, line, script, words: words.trim().split(' ') }),
  ),
)

/** As vitest chooses them: by the kinds before the second `--`, and by parts of their paths behind it. */
function missing(words: readonly string[]): readonly string[] {
  const said = words[0] === '--' ? words.slice(1) : words
  const split = said.indexOf('--')
  const asked = (split === -1 ? said : said.slice(0, split)).filter(word => word !== '')
  const parts = split === -1 ? [] : said.slice(split + 1)
  const files = (asked.length === 0 ? kinds : asked).flatMap(kind => globSync(`test/${kind}/**/*.test.ts`))
  const unknown = asked.filter(kind => !kinds.includes(kind))
  return [...unknown, ...parts.filter(part => !files.some(file => file.includes(part)))]
}

test('every test that a page names is there', () => {
  const named = lines.filter(({ script }) => script === 'test')
  expect(named.length).toBeGreaterThan(60)
  expect(named.some(({ path }) => path === 'docs/security.md')).toBe(true)
  expect(named.filter(({ words }) => missing(words).length > 0)).toEqual([])
})

test('every program that a page has run is there', () => {
  expect(lines.filter(({ script }) => scripts[script] === undefined)).toEqual([])
})

test.each([
  { words: ['--', 'unit', '--', 'no-such-file'], want: ['no-such-file'] },
  { words: ['--', 'units'], want: ['units'] },
  { words: ['--', 'unit', 'e2e', '--', 'pki-tls'], want: [] },
  { words: ['--', 'unit', '--', 'pki-tls'], want: ['pki-tls'] },
])('$words: $want', ({ words, want }) => {
  expect(missing(words)).toEqual(want)
})
