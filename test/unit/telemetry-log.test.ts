import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createLog, type LogOptions, within } from '../../src/telemetry/log.ts'

function logged(options: Partial<LogOptions> = {}) {
  const lines: string[] = []
  const log = createLog({ level: 'info', format: 'json', write: line => lines.push(line), ...options })
  return { log, lines, fields: () => lines.map(line => JSON.parse(line) as Record<string, unknown>) }
}

test('a line is one JSON object with time, level, message and fields', () => {
  const { log, lines, fields } = logged()
  log.warn({ action: 'launch', because: 'two are missing' }, 'step taken')
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatch(/\}\n$/)
  expect(fields()[0]).toMatchObject({ level: 'warn', message: 'step taken', action: 'launch' })
  expect(fields()[0]?.['time']).toMatch(/^\d{4}-\d\d-\d\dT/)
})

test('fields of the surroundings are on every line, and each of two at once has its own', async () => {
  const { log, fields } = logged()
  const pass = (cluster: string) =>
    within({ cluster }, async () => {
      await setImmediate()
      within({ step: 1 }, () => log.info({}, 'inner'))
      log.info({}, 'outer')
    })
  await Promise.all([pass('a/one'), pass('a/two')])
  const found = fields().map(({ cluster, step, message }) => [cluster, step ?? '-', message].join(' '))
  expect(found.toSorted()).toEqual(['a/one - outer', 'a/one 1 inner', 'a/two - outer', 'a/two 1 inner'])
})

test('lines below the level are not written', () => {
  const { log, lines } = logged({ level: 'error' })
  log.warn({}, 'no')
  log.error({}, 'yes')
  expect(lines).toHaveLength(1)
})

test('no secret gets through message, fields, surroundings or causes', () => {
  for (const format of ['json', 'text'] as const) {
    const { log, lines } = logged({ format })
    const error = new Error('refused', { cause: new Error('sent Bearer hunter2hunter2') })
    within({ password: 'hunter2' }, () => log.error({ error, userData: 'hunter2' }, 'token=hunter2'))
    expect(lines.join('')).toContain('refused')
    expect(lines.join('')).not.toContain('hunter2')
  }
})

test('a field cannot take the place of the line itself', () => {
  const { log, fields } = logged()
  log.info({ level: 'fatal', message: 'forged', time: 0 }, 'true')
  expect(fields()[0]).toMatchObject({ level: 'info', message: 'true', level_: 'fatal' })
})

test('a line for people has what a line for programs has', () => {
  const { log, lines } = logged({ format: 'text' })
  log.info({ cluster: 'a/b', because: 'two are missing', error: new Error('no') }, 'step taken')
  expect(lines.join('')).toMatch(
    /^\d\d:\d\d:\d\d\.\d{3} INFO {2}step taken cluster=a\/b because="two are missing" error="no"\n {4}Error: no\n/,
  )
})

test('line breaks in a message do not begin a new line', () => {
  const { log, lines } = logged()
  log.info({}, 'one\n{"level":"fatal"}')
  expect(lines.join('').trimEnd().split('\n')).toHaveLength(1)
})

test('an error keeps its name, its causes and what else it carries', () => {
  const { log, lines } = logged()
  const cause = new TypeError('no answer')
  log.warn(
    { err: Object.assign(new RangeError('refused', { cause }), { fault: 'lost' }) },
    'a cloud had a problem',
  )
  const { err } = JSON.parse(lines[0] ?? '{}')
  expect(err).toMatchObject({
    type: 'RangeError',
    message: 'refused',
    fault: 'lost',
    cause: { type: 'TypeError', message: 'no answer' },
  })
})
