import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { audit, verdictOf } from '../../scripts/audit/advisories.ts'
import { temporaryFolder } from '../../scripts/remains.ts'
import { anAdvisory, anNpmRegistry, type Knowledge } from '../support/npm-registry.ts'

const folder = await temporaryFolder('audited')
afterAll(() => rm(folder, { recursive: true, force: true }))

const runs = 'what runs'
const all = 'all, with what is for development'
const lock = {
  name: 'audited',
  version: '1.0.0',
  lockfileVersion: 3,
  packages: {
    '': {
      name: 'audited',
      version: '1.0.0',
      dependencies: { serves: '1.0.0' },
      devDependencies: { tries: '1.0.0' },
    },
    'node_modules/serves': { version: '1.0.0' },
    'node_modules/tries': { version: '1.0.0', dev: true },
  },
}
await writeFile(join(folder, 'package.json'), JSON.stringify(lock.packages['']))
await writeFile(join(folder, 'package-lock.json'), JSON.stringify(lock))
await mkdir(join(folder, 'cache'))

const minimist = anAdvisory('Prototype pollution', '1.2.6')

async function audited(knowledge: Knowledge, more: NodeJS.ProcessEnv = {}) {
  await using registry = await anNpmRegistry(knowledge)
  return await asking(registry.url, more)
}

const asking = (registry: string, more: NodeJS.ProcessEnv = {}, limitMs = 25_000) =>
  audit(
    {
      folder,
      env: {
        ...process.env,
        ...more,
        npm_config_registry: registry,
        npm_config_cache: join(folder, 'cache'),
      },
    },
    { signal: AbortSignal.timeout(limitMs) },
  )

test('packages that no advisory is about are clean, where the registry knows advisories at all', async () => {
  expect(await audited({ minimist })).toMatchObject({ [runs]: { kind: 'clean' }, [all]: { kind: 'clean' } })
})

test('an advisory about what runs is found in both looks, with its words', async () => {
  const found = {
    kind: 'found',
    findings: [expect.stringMatching(/^serves .*high.*Lets strangers in.*https:/)],
  }
  const answer = await audited({ minimist, serves: anAdvisory('Lets strangers in', '2.0.0') })
  expect(answer).toEqual({ [runs]: found, [all]: found })
})

test('an advisory about what is for development is told apart', async () => {
  const answer = await audited({ minimist, tries: anAdvisory('Lets strangers in', '2.0.0') })
  expect(answer).toMatchObject({ [runs]: { kind: 'clean' }, [all]: { kind: 'found' } })
})

test('a registry that answers no such question has not checked', async () => {
  const unchecked = { kind: 'unchecked', why: expect.stringContaining('(405)') }
  expect(await audited(405)).toEqual({ [runs]: unchecked, [all]: unchecked })
})

test.each<{ given: string; knowledge: Knowledge; env?: NodeJS.ProcessEnv }>([
  { given: 'a mirror that answers every question with an empty one', knowledge: {} },
  { given: 'npm that is offline', knowledge: { minimist }, env: { npm_config_offline: 'true' } },
])('$given has not checked, whatever npm says', async ({ knowledge, env }) => {
  const unchecked = { kind: 'unchecked', why: expect.stringContaining('minimist 0.0.8') }
  expect(await audited(knowledge, env)).toEqual({ [runs]: unchecked, [all]: unchecked })
})

test('a registry that is not there has not checked', async () => {
  const unchecked = { kind: 'unchecked', why: expect.stringContaining('ECONNREFUSED') }
  expect(await asking('http://127.0.0.1:9/')).toEqual({ [runs]: unchecked, [all]: unchecked })
})

test('a registry that says nothing is not waited for longer than was given', async () => {
  await using registry = await anNpmRegistry('silent')
  await expect(asking(registry.url, {}, 3_000)).rejects.toMatchObject({ name: 'AbortError' })
})

test.each([
  { given: 'no text', output: '', why: 'npm gave no report' },
  { given: 'another answer', output: '{"fine": true}', why: 'npm gave no report' },
  { given: 'a mirror without the question', output: '{"statusCode": 404}', why: 'answers no questions' },
  {
    given: 'a registry that wants a password',
    output: '{"statusCode": 401}',
    why: 'refuses to answer (401)',
  },
])('$given is no report', ({ output, why }) => {
  const unchecked = { kind: 'unchecked', why: expect.stringContaining(why) }
  expect(verdictOf({ output, complaints: '' })).toEqual(unchecked)
})
