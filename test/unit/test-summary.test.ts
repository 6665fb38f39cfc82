import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const projects = [
  { name: 'unit', include: ['unit/*.test.ts'], exclude: ['unit/1.test.ts'] },
  { name: 'unit:other', include: ['unit/1.test.ts'] },
  { name: 'empty', include: ['empty/*.test.ts'] },
]
const config = `export default { test: { projects: ${JSON.stringify(projects.map(each => ({ test: each })))} } }`
const imports = `import { beforeAll, describe, expect, test } from 'vitest'\n`
const good = `${imports}test('good', () => { expect(1).toBe(1) })`
const bad = `${imports}test('bad', () => { expect(1).toBe(2) })`
const crash = `${imports}throw new Error('crashed on import')`
const hook = `${imports}beforeAll(() => { throw new Error('no set-up') }); test('unreached', () => { expect(1).toBe(1) })`
const loose = `${imports}test('loose', () => { void Promise.reject(new Error('nobody waits')); expect(1).toBe(1) })`
const skipping = `${imports}test('later', ({ skip }) => { skip('no engine here') })`

test.each([
  { given: 'one test', files: [good], want: '1 passed, 0 failed', code: 0 },
  { given: 'a failing one', files: [good, bad], want: '1 passed, 1 failed', code: 1 },
  { given: 'a file that crashes on import', files: [good, crash], want: '1 passed, 1 failed', code: 1 },
  { given: 'an error nobody caught', files: [loose], want: '1 passed, 1 failed', code: 1 },
  { given: 'no test at all', files: [], want: '0 passed, 1 failed', code: 1 },
])('$given: $want', async ({ files, want, code }) => {
  const ran = await runIn(files)
  expect(ran.lines.at(-1)).toBe(want)
  expect(ran.code).toBe(code)
})

test('a failing set-up is a failure', async () => {
  const ran = await runIn([hook])
  expect(ran.lines.at(-1)).toMatch(/, [1-9]\d* failed/)
  expect(ran.code).toBe(1)
})

test('a skipped test is named with its reason', async () => {
  const ran = await runIn([good, skipping])
  expect(ran.lines.slice(-2)).toEqual([
    'skipped: unit > later (no engine here)',
    '1 passed, 0 failed, 1 skipped',
  ])
})

test('a project that was asked for and has no test is a failure', async () => {
  const ran = await runIn([good], ['unit', 'empty'])
  expect(ran.lines.slice(-2)).toEqual(['no test ran in empty', '1 passed, 1 failed'])
})

test.each([['unit'], ['!empty']])('a kind that is two projects is asked for by one name: %s', async kind => {
  const whole = await runIn([good, good], [kind])
  expect(whole.lines.at(-1)).toBe('2 passed, 0 failed')
  const one = await runIn([good, good], [kind, '--', '1.test'])
  expect(one.lines.at(-1)).toBe('1 passed, 0 failed')
})

async function runIn(files: readonly string[], args: readonly string[] = []) {
  const directory = await mkdtemp(join(tmpdir(), 'summary-'))
  try {
    await mkdir(join(directory, 'unit'))
    await symlink(resolve('node_modules'), join(directory, 'node_modules'))
    await writeFile(join(directory, 'vitest.config.ts'), config)
    await Promise.all(files.map((text, index) => writeFile(join(directory, `unit/${index}.test.ts`), text)))
    return await run(directory, args)
  } finally {
    await rm(directory, { recursive: true })
  }
}

interface Ran {
  readonly lines: readonly string[]
  readonly code: unknown
}

function run(directory: string, args: readonly string[]): Promise<Ran> {
  const script = join(dirname(import.meta.dirname), '..', 'scripts', 'test.ts')
  const { VITEST: _, ...env } = process.env
  return new Promise(done => {
    execFile(process.execPath, [script, ...args], { cwd: directory, env }, (error, stdout) => {
      done({ lines: stdout.trimEnd().split('\n'), code: error === null ? 0 : error.code })
    })
  })
}
