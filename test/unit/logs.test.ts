import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { fieldWords, lines } from '../../scripts/logs/lines.ts'
import { undocumented } from '../support/log-check.ts'
import { OperatorProcess, operatorDirectory } from '../support/operator.ts'

const sources = globSync('src/{app,reconcile}/**/*.ts')
  .concat('src/app.ts')
  .map(path => readFileSync(path, 'utf8'))
  .join('\n')

test('each message of the page is one that the sources write', () => {
  const parts = lines.flatMap(({ message }) => message.split('{}').filter(part => part.length > 2))
  expect(parts.filter(part => !sources.includes(part))).toEqual([])
})

test('each message that the sources write is on the page', () => {
  const said = [
    ...sources.matchAll(/\blog(?:\.(?:info|warn|error|fatal))?\([^;]*?,\s*\n?\s*'([^'\n]+)',?\s*\)/g),
  ]
  const messages = said.map(([, message = '']) => message)
  expect(messages.length).toBeGreaterThan(12)
  const known = new Set(lines.map(({ message }) => message))
  expect(messages.filter(message => !known.has(message))).toEqual([])
})

test('each field of a message has its words, and no other', () => {
  const used = new Set(lines.flatMap(({ fields }) => fields.map(field => field.replace('?', ''))))
  const always = ['level', 'time', 'message', 'cluster', 'pass']
  expect(Object.keys(fieldWords).toSorted()).toEqual([...new Set([...always, ...used])].toSorted())
})

const line = (fields: object): string =>
  JSON.stringify({ level: 'info', time: '2026-11-27T07:00:00.000Z', ...fields })

test.each([
  { given: 'a known line', text: line({ clusters: 3, message: 'ready' }), says: [] },
  { given: 'text for a terminal', text: '07:00:00.000 INFO  ready clusters=3', says: [] },
  { given: 'half a line', text: line({ clusters: 3, message: 'ready' }).slice(0, -9), says: [] },
  {
    given: 'another message',
    text: line({ message: 'redy' }),
    says: ['docs/logs.md has no line like this: info: redy'],
  },
  {
    given: 'another level',
    text: line({ clusters: 3, message: 'ready' }).replace('info', 'warn'),
    says: ['docs/logs.md has no line like this: warn: ready'],
  },
  {
    given: 'another field',
    text: line({ clusters: 3, colour: 'red', message: 'ready' }),
    says: ['docs/logs.md has no field colour in: ready'],
  },
  {
    given: 'a field too few',
    text: line({ message: 'ready' }),
    says: ['docs/logs.md has a field clusters that was not in: ready'],
  },
  {
    given: 'a message with a name in it',
    text: line({ level: 'warn', message: 'the key that seals machines, Secret a/b, cannot be read' }),
    says: [],
  },
])('$given', ({ text, says }) => {
  expect(undocumented(text)).toEqual(says)
})

test('a test whose operator writes another line fails', async () => {
  await using directory = await operatorDirectory()
  const words = `console.log(${JSON.stringify(line({ message: 'redy' }))}); setInterval(() => {}, 1000)`
  const operator = new OperatorProcess({
    command: [process.execPath, '-e', words, '--'],
    kubeconfig: '',
    namespace: 'any',
    directory: directory.path,
  })
  await operator.logged('redy')
  await expect(operator[Symbol.asyncDispose]()).rejects.toThrow(
    'docs/logs.md has no line like this: info: redy',
  )
})
