import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parse } from 'yaml'

import type { MachineFile } from '../../src/bootstrap/cloud-config.ts'
import { renderUserData } from '../../src/bootstrap/user-data.ts'
import { aBoot } from '../support/boots.ts'

/** Stands for an interpreter of this version; what it is asked to make goes to $LOG. */
const interpreter = (version: string): string => `#!/bin/sh
for last; do :; done
case "$*" in
  *print*) echo ${version} ;;
  *fcntl*) exec "$REAL" "$@" ;;
  *check.py*) [ ! -e "$LOG.lacking" ] || { echo 'install: dask is 1, not ==2' >&2; exit 1; } ;;
  *fetch_uv.py*) echo UV_DEFAULT_INDEX=https://packages.example/a b; [ -n "$last" ] || exit 0
    [ -e "$LOG.uv" ] || exit 3
    mkdir -p "$last" && cp "$LOG.uv" "$last/uv" ;;
  *'-m venv'*) mkdir -p "$last/bin" && cp "$0" "$last/bin/python" && echo "venv ${version}" >>"$LOG" ;;
  *'-m pip'*) [ ! -e "$LOG.offline" ] || exit 1; echo pip >>"$LOG" ;;
esac
`

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'install-'))
})
afterEach(async () => rm(folder, { recursive: true, force: true }))

/** A machine that is a folder, with these interpreters on its PATH. */
async function aMachine(name: string, pythonVersion?: string): Promise<string> {
  const root = join(folder, name)
  const software = { kind: 'python', pythonVersion, packages: ['dask', 'distributed'] } as const
  const read = parse(renderUserData(aBoot('worker', { software }))) as { write_files: MachineFile[] }
  for (const { path, permissions, content } of read.write_files)
    await place(join(root, path), content, Number.parseInt(permissions, 8))
  return root
}

async function place(path: string, content: string, mode: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, content)
  await chmod(path, mode)
}

const onPath = (command: string, version: string): Promise<void> =>
  place(join(folder, 'bin', command), interpreter(version), 0o755)

interface Answer {
  readonly status: number
  readonly said: string
}

function install(root: string): Promise<Answer> {
  const env = { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, LOG: log(), REAL: realPython }
  return new Promise(resolve => {
    execFile(join(root, 'etc/dask/install.sh'), { env }, (error, _stdout, stderr) =>
      resolve({ status: error === null ? 0 : Number(error.code), said: stderr }),
    )
  })
}

const log = (): string => join(folder, 'log')
const made = async (): Promise<string> => readFile(log(), 'utf8').catch(() => '')
const realPython = await new Promise<string>(resolve => {
  execFile('python3', ['-c', 'import sys; print(sys.executable)'], (_error, stdout) => resolve(stdout.trim()))
})

test('what the image brings is used where it has all that is asked for', async () => {
  const root = await aMachine('m')
  await place(join(root, 'opt/dask/bin/python'), interpreter('3.12'), 0o755)
  expect(await install(root)).toMatchObject({ status: 0 })
  expect(await made()).toBe('')
})

test('where the image lacks something, an environment is made beside it and the image’s stays', async () => {
  const root = await aMachine('m')
  await place(join(root, 'opt/dask/bin/python'), interpreter('3.12'), 0o755)
  await writeFile(`${log()}.lacking`, '')
  const answer = await install(root)
  expect(answer).toMatchObject({ status: 0, said: expect.stringContaining('dask is 1, not ==2') })
  expect(await made()).toBe('venv 3.12\npip\n')
  expect(await readFile(join(root, 'opt/dask/bin/python'), 'utf8')).toBe(interpreter('3.12'))
})

test('the interpreter of the asked minor is found, and a stub of that name is not taken for it', async () => {
  const root = await aMachine('m', '3.13')
  await onPath('python3', '3.11')
  await place(join(folder, 'bin', 'python3.12'), '#!/bin/sh\necho "no such version" >&2\nexit 127\n', 0o755)
  await onPath('python3.13', '3.13')
  expect(await install(root)).toMatchObject({ status: 0 })
  expect(await made()).toBe('venv 3.13\npip\n')
})

test('a minor that is not there is an error that names those that are', async () => {
  const root = await aMachine('m', '3.16')
  await onPath('python3', '3.11')
  await onPath('python3.12', '3.12')
  const { status, said } = await install(root)
  expect(status).toBe(1)
  expect(said).toMatch(/Python 3\.16 is not on this machine and no uv brings it; there are: 3\.11 3\.12/)
})

/** Stands for uv; what it is asked to make goes to $LOG. */
const uv = `#!/bin/sh
for last; do :; done
case "$1 $*" in
  venv*' 3.16 '*) exit 2 ;;
  venv*) mkdir -p "$last/bin" && cp "$(command -v python3)" "$last/bin/python" && echo "uv venv" >>"$LOG" ;;
  pip*) echo "uv pip $UV_DEFAULT_INDEX" >>"$LOG" ;;
esac
`

test('uv is fetched and used with the index that pip is configured for, and kept beside the environments', async () => {
  const root = await aMachine('m')
  await onPath('python3', '3.12')
  await place(`${log()}.uv`, uv, 0o755)
  expect(await install(root)).toMatchObject({ status: 0 })
  expect(await made()).toBe('uv venv\nuv pip https://packages.example/a b\n')
  expect(await readFile(join(root, 'opt/software-uv/uv'), 'utf8')).toBe(uv)
})

test('a minor that neither the machine nor uv has is an error that names those that are there', async () => {
  const root = await aMachine('m', '3.16')
  await onPath('python3', '3.12')
  await place(`${log()}.uv`, uv, 0o755)
  const { status, said } = await install(root)
  expect(status).toBe(1)
  expect(said).toMatch(/uv has no Python 3\.16; on this machine there are: 3\.12/)
})

test('a failed installation is begun again from nothing, a finished one is kept', async () => {
  const root = await aMachine('m')
  await onPath('python3', '3.12')
  await writeFile(`${log()}.offline`, '')
  expect(await install(root)).toMatchObject({ status: 1 })
  await rm(`${log()}.offline`)
  expect(await install(root)).toMatchObject({ status: 0 })
  expect(await install(root)).toMatchObject({ status: 0 })
  expect(await made()).toBe('venv 3.12\nvenv 3.12\npip\n')
})

test('five machines that share an environment make it once', async () => {
  await onPath('python3', '3.12')
  const shared = join(folder, 'shared')
  await mkdir(shared)
  const roots = await Promise.all(['a', 'b', 'c', 'd', 'e'].map(name => aMachine(name)))
  for (const root of roots) {
    await mkdir(join(root, 'opt'))
    await symlink(shared, join(root, 'opt/dask-venv'))
  }
  const answers = await Promise.all(roots.map(install))
  expect(answers.map(({ status }) => status)).toEqual([0, 0, 0, 0, 0])
  expect(await made()).toBe('venv 3.12\npip\n')
})
