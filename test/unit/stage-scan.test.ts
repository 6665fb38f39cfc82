import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { machineId } from '../../src/model/names.ts'
import { createBundle } from '../../src/pki/bundle.ts'
import { anIdentity } from '../support/pki-fixture.ts'
import { scan } from '../support/scan.ts'
import { filesOf, processArtefacts } from '../support/stage-scan.ts'
import { indiscretions, noteCredentials } from '../support/told.ts'

const { worker, scheduler } = createBundle(anIdentity, Date.now())
const known = [
  { name: 'its own', value: worker.key },
  { name: 'the scheduler’s', value: scheduler.key },
]
const id = machineId('m-0000000000000001')

/** A machine's folder as the local cloud makes it, and what the scanner says of it. */
async function machine() {
  const home = await mkdtemp(join(tmpdir(), 'stage-scan-'))
  onTestFinished(() => rm(home, { recursive: true }))
  const write = async (path: string, text: string, mode = 0o600): Promise<void> => {
    await mkdir(dirname(join(home, path)), { recursive: true })
    await writeFile(join(home, path), text)
    await chmod(join(home, path), mode)
  }
  await write('root/etc/dask/node.key', worker.key)
  await write('boot.json', JSON.stringify({ files: [{ content: worker.key }] }))
  await write('journal.log', 'Dask is up')
  const found = async (): Promise<readonly string[]> => {
    const { artefacts, problems } = await filesOf({ home, role: 'worker', id }, 'its own')
    return [...problems, ...scan(artefacts, known)].map(each => each.replace(`worker ${id}, `, ''))
  }
  return { write, found }
}

test('a machine with the key of its own role alone, which nobody else can read, is as it should be', async () => {
  expect(await (await machine()).found()).toEqual([])
})

test.each([
  {
    given: 'others can read',
    path: 'root/etc/dask/node.key',
    text: worker.key,
    mode: 0o644,
    found: 'mode 100644',
  },
  {
    given: 'another role has',
    path: 'root/srv/a',
    text: scheduler.key,
    mode: 0o600,
    found: 'of the scheduler’s',
  },
  { given: 'stands in its journal', path: 'journal.log', text: worker.key, mode: 0o600, found: 'of its own' },
  {
    given: 'comes with a second',
    path: 'boot.json',
    text: worker.key + scheduler.key,
    mode: 0o600,
    found: '2 keys',
  },
  { given: 'is missing', path: 'boot.json', text: '{}', mode: 0o600, found: '0 keys' },
])('a key that $given is found', async ({ path, text, mode, found }) => {
  const { write, found: all } = await machine()
  await write(path, text, mode)
  expect((await all()).filter(each => each.includes(found))).not.toEqual([])
})

test('a key on a command line or in an environment is found', async () => {
  const script = 'process.stdin.resume(); console.log("up")'
  const child = spawn(process.execPath, ['-e', script, '--', worker.key], {
    env: { A: scheduler.key },
    stdio: 'pipe',
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  const found = scan(await processArtefacts(child.pid ?? 0), known)
  expect(found).toEqual(
    expect.arrayContaining([
      `cmdline of process ${child.pid}: a private key, of its own`,
      `environ of process ${child.pid}: a private key, of the scheduler’s`,
    ]),
  )
})

test.each([
  { given: 'nothing', said: 'the account 123456789012 answers', found: [] },
  { given: 'a key', said: worker.key, found: ['a private key, of nobody known'] },
  {
    given: 'a credential that a test has put into a Secret',
    said: 'dop_v1_noted',
    found: ['token of Secret cloud'],
  },
  {
    given: 'what its environment holds',
    said: 'very-secret-word',
    found: ['AWS_SECRET_ACCESS_KEY of its environment'],
  },
  { given: 'its token', said: 'token-of-the-administrator', found: ['the token of its kubeconfig'] },
])('an operator that tells $given is found out', async ({ said, found }) => {
  const folder = await mkdtemp(join(tmpdir(), 'stage-scan-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const kubeconfig = join(folder, 'kubeconfig')
  await writeFile(kubeconfig, JSON.stringify({ users: [{ user: { token: 'token-of-the-administrator' } }] }))
  noteCredentials('cloud', { token: 'dop_v1_noted', region: 'us-east-1' })
  const env = { AWS_SECRET_ACCESS_KEY: 'very-secret-word', AWS_ACCESS_KEY_ID: '123456789012' }
  const speaker = { name: 'it', words: ['--namespace', 'a'], env, kubeconfig }
  expect(indiscretions(speaker, `a line\n{"msg":"${JSON.stringify(said).slice(1, -1)}"}`)).toEqual(
    found.map(each => `the log of it: ${each}`),
  )
  expect(indiscretions({ ...speaker, words: ['--word', said] }, '')).toHaveLength(found.length)
})
