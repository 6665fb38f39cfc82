import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parse } from 'yaml'

import type { MachineFile } from '../../src/bootstrap/cloud-config.ts'
import { renderUserData } from '../../src/bootstrap/user-data.ts'
import { aBoot } from '../support/boots.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'setup-'))
})
afterEach(async () => rm(root, { recursive: true, force: true }))

/** What user data with these commands puts under /etc/dask. */
async function place(setup: readonly string[]): Promise<readonly MachineFile[]> {
  const software = { kind: 'python', pythonVersion: undefined, packages: [], setup } as const
  const { write_files } = parse(renderUserData(aBoot('worker', { software }))) as {
    write_files: MachineFile[]
  }
  for (const { path, permissions, content } of write_files) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), content, { mode: Number.parseInt(permissions, 8) })
  }
  return write_files
}

function run(): Promise<{ readonly status: number; readonly said: string }> {
  return new Promise(resolve => {
    execFile(join(root, 'etc/dask/setup.sh'), { env: { ...process.env, ROOT: root } }, (error, _out, said) =>
      resolve({ status: error === null ? 0 : Number(error.code), said }),
    )
  })
}

const made = (): Promise<string> => readFile(join(root, 'made'), 'utf8')

test('commands run in order, and what has succeeded is not run again in the same boot', async () => {
  await place([...Array.from({ length: 10 }, (_, at) => `echo ${at} >>"$ROOT/made"`), 'cat "$ROOT/missing"'])
  const { status, said } = await run()
  expect(status).toBe(1)
  expect(said).toContain('command 11 ended with status 1: software.setup[10] is tried again')
  await writeFile(join(root, 'missing'), '')
  expect(await run()).toMatchObject({ status: 0 })
  expect(await made()).toBe('0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n')
  await rm(join(root, 'run'), { recursive: true })
  await run()
  expect((await made()).split('\n')).toHaveLength(21)
})

test('a command that fails is the last that runs', async () => {
  await place(['exit 7', 'echo no >"$ROOT/made"'])
  expect(await run()).toMatchObject({ status: 1, said: expect.stringContaining('status 7') })
  await expect(made()).rejects.toThrow('ENOENT')
})

test('a command is what was written, of several lines, and read by root alone', async () => {
  const files = await place([`cat >"$ROOT/made" <<'END'\n$(x) "\\ %n\nEND`])
  expect(await run()).toMatchObject({ status: 0 })
  expect(await made()).toBe('$(x) "\\ %n\n')
  expect(files.find(({ path }) => path === '/etc/dask/setup-01')?.permissions).toBe('0600')
})
