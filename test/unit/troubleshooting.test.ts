import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const page = readFileSync('docs/troubleshooting.md', 'utf8')
const titles = (level: string): readonly string[] =>
  [...page.matchAll(new RegExp(`^${level} (.+)$`, 'gm'))].map(([, title = '']) => title)

/** Where conditions and events are made: every word in capitals there is one of them, or one of these. */
const makers = [
  'findings',
  'class-findings',
  'certificates-findings',
  'service-findings',
  'fault-reasons',
  'admission',
  'endings',
  'reports',
  'pass',
].map(name => readFileSync(`src/reconcile/${name}.ts`, 'utf8'))
const others = new Set(['True', 'False', 'Unknown', 'Normal', 'Warning', 'None'])
const types = new Set(makers.flatMap(text => wordsIn(text, /type: '([A-Z]\w+)'/g)))

function wordsIn(text: string, pattern: RegExp): readonly string[] {
  return [...text.matchAll(pattern)].map(([, word = '']) => word)
}

/** Everywhere else a reason is called one. */
const reasons = new Set([
  ...makers.flatMap(text => wordsIn(text, /'([A-Z][A-Za-z]+)'/g)),
  ...globSync('src/{api,app,plan,reconcile}/**/*.ts').flatMap(file =>
    wordsIn(readFileSync(file, 'utf8'), /\breason: '([A-Z]\w+)'/g),
  ),
])
/** `Suspended` and `Idle` are conditions and reasons of others; `Ready` is an event besides. */
const isReason = (word: string): boolean =>
  !others.has(word) && (!types.has(word) || word === 'Suspended' || word === 'Idle')

test('the patterns of this test still find the words', () => {
  expect(types).toContain('CloudReachable')
  for (const word of ['NoCapacity', 'LedgerLost', 'UnknownCloud', 'Pending', 'Draining', 'MachinesForgotten'])
    expect(reasons).toContain(word)
})

test('every condition has its chapter', () => {
  expect([...types].filter(type => !titles('##').includes(type))).toEqual([])
})

test('every reason has its paragraph, and every paragraph a reason', () => {
  expect(titles('###').toSorted()).toEqual([...reasons].filter(isReason).toSorted())
})

test('every link within the page leads somewhere', () => {
  const anchors = [...titles('##'), ...titles('###')].map(title => title.toLowerCase().replaceAll(' ', '-'))
  expect(wordsIn(page, /\]\(#([^)]+)\)/g).filter(anchor => !anchors.includes(anchor))).toEqual([])
})
