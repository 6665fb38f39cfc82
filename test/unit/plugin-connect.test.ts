import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { writeConfig, writeCredentials } from '../../src/cli/credentials-folder.ts'

let home = ''
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'plugin-'))
})
afterEach(() => rm(home, { recursive: true, force: true }))

const address = 'tls://203.0.113.7:8786'
const contents = { client: { address, tls: { ca: 'CA', cert: 'CERT', key: 'KEY' } }, about: 'team-a/demo' }
const mode = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8)

describe('a folder of credentials', () => {
  test('is its owner’s alone, and Dask reads where the files are', async () => {
    const folder = join(home, 'a "quoted" name')
    await mkdir(folder, { mode: 0o755 })
    const { files, config } = await writeCredentials(folder, contents)
    expect(await mode(folder)).toBe('700')
    expect((await readdir(folder)).toSorted()).toEqual(['ca.crt', 'dask.yaml', 'tls.crt', 'tls.key'])
    for (const name of await readdir(folder)) expect(await mode(join(folder, name))).toBe('600')
    expect(parse(await readFile(config, 'utf8'))).toEqual({
      'scheduler-address': address,
      distributed: {
        comm: {
          'require-encryption': true,
          tls: { 'ca-file': files?.ca, client: { cert: files?.cert, key: files?.key } },
        },
      },
    })
    expect(await readFile(join(folder, 'tls.key'), 'utf8')).toBe('KEY')
  })

  test('is written again, with the modes it should have', async () => {
    const folder = join(home, 'demo')
    await writeCredentials(folder, contents)
    await chmod(join(folder, 'tls.key'), 0o644)
    const renewed = { ...contents, client: { address, tls: { ca: 'CA', cert: 'CERT', key: 'NEW' } } }
    await writeCredentials(folder, renewed)
    expect(await readFile(join(folder, 'tls.key'), 'utf8')).toBe('NEW')
    expect(await mode(join(folder, 'tls.key'))).toBe('600')
  })

  test('keeps no key of a cluster that encrypts nothing any more', async () => {
    const folder = join(home, 'demo')
    await writeCredentials(folder, contents)
    const plain = { client: { address: 'tcp://203.0.113.7:8786', tls: undefined }, about: 'team-a/demo' }
    expect(await writeCredentials(folder, plain)).toMatchObject({ files: undefined })
    expect(await readdir(folder)).toEqual(['dask.yaml'])
  })

  test.each([
    { given: 'files of other things', name: 'notes.txt', text: '', problem: 'holds other files (notes.txt)' },
    {
      given: 'a key that is not ours',
      name: 'tls.key',
      text: 'KEY',
      problem: 'holds tls.key, which this program did not write',
    },
    {
      given: 'a configuration that is not ours',
      name: 'dask.yaml',
      text: 'a: 1',
      problem: 'holds dask.yaml, which',
    },
  ])('is refused where there are $given', async ({ name, text, problem }) => {
    await chmod(home, 0o755)
    await writeFile(join(home, name), text)
    await expect(writeCredentials(home, contents)).rejects.toMatchObject({
      exit: 'failed',
      message: expect.stringContaining(problem),
    })
    expect(await readdir(home)).toEqual([name])
    expect(await readFile(join(home, name), 'utf8')).toBe(text)
    expect(await mode(home)).toBe('755')
  })
})

describe('the configuration that Dask finds by itself', () => {
  test('moves from one cluster to another, and never takes the place of somebody’s own', async () => {
    const path = join(home, 'daskcloud.yaml')
    await writeConfig(path, '/a', contents)
    await writeConfig(path, '/b', contents)
    expect(await readFile(path, 'utf8')).toContain('"/b/tls.key"')
    await writeFile(path, 'scheduler-address: tcp://mine:8786\n')
    await expect(writeConfig(path, '/a', contents)).rejects.toMatchObject({
      message: expect.stringContaining('was not written by this program'),
    })
    expect(await readFile(path, 'utf8')).toContain('mine')
  })

  test('is not written through a link', async () => {
    const [path, target] = [join(home, 'daskcloud.yaml'), join(home, 'elsewhere.yaml')]
    await writeFile(target, '# Written by kubectl daskcloud connect')
    await symlink(target, path)
    await expect(writeConfig(path, '/a', contents)).rejects.toMatchObject({ exit: 'failed' })
  })
})
