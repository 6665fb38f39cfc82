import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const run = promisify(execFile)

interface Manifest {
  readonly version: string
  readonly bin: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
}

const manifest = async (path: string): Promise<Manifest> => JSON.parse(await readFile(path, 'utf8'))

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plugin-package-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('the package asks for the versions that are tested here', async () => {
  const [own, plugin] = [await manifest('package.json'), await manifest('plugin/package.json')]
  expect(plugin.version).toBe(own.version)
  expect(own.dependencies).toMatchObject(plugin.dependencies)
})

/** As npm installs it, but for its dependencies: they are those of this checkout, so that no registry is asked. */
test('what npm packs runs where npm installs it, below node_modules', async () => {
  await run('npm', ['pack', './plugin', '--pack-destination', folder], { timeout: 120_000 })
  const { version, bin, dependencies } = await manifest('plugin/package.json')
  const modules = join(folder, 'node_modules')
  const home = join(modules, 'kubectl-daskcloud')
  await mkdir(home, { recursive: true })
  await run('tar', [
    '-xzf',
    join(folder, `kubectl-daskcloud-${version}.tgz`),
    '--strip-components=1',
    '-C',
    home,
  ])
  for (const name of Object.keys(dependencies)) {
    await mkdir(dirname(join(modules, name)), { recursive: true })
    await symlink(resolve('node_modules', name), join(modules, name))
  }
  const program = join(home, bin['kubectl-daskcloud'] ?? '')
  const env = { PATH: process.env['PATH'], HOME: folder, KUBECONFIG: join(folder, 'none') }
  const play = (...words: readonly string[]) =>
    run(process.execPath, [program, ...words], { env }).catch((error: unknown) => error)
  expect(await play('--version')).toMatchObject({ stdout: `${version}\n` })
  expect(await play('describe', 'demo')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^kubectl daskcloud: the kubeconfig cannot be read: .*none'\n$/),
  })
  const { stdout } = await run('tar', ['-tzf', join(folder, `kubectl-daskcloud-${version}.tgz`)])
  expect(stdout).toContain('package/LICENSE')
  expect(stdout).not.toMatch(/\.ts$|clouds\/|reconcile\//m)
})
