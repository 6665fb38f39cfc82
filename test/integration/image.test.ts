import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const run = promisify(execFile)

/** The tree that the image would hold, gathered without a container engine: what the Dockerfile copies, and nothing more. */
let image: string

beforeAll(async () => {
  image = await mkdtemp(join(tmpdir(), 'image-'))
  for (const { sources, target } of copies(await readFile('Dockerfile', 'utf8'))) {
    for (const source of sources)
      await copy(source, join(image, target, target.endsWith('/') ? basename(source) : ''))
  }
  const packages = await productionPackages()
  for (const path of packages) await cp(path, join(image, path), { recursive: true, filter: isOwn(path) })
}, 120_000)

afterAll(() => rm(image, { recursive: true, force: true }))

test('the image has all that the operator needs to start', async () => {
  const { stdout } = await run(process.execPath, ['src/main.ts', '--help'], {
    cwd: image,
    env: { NODE_ENV: 'production' },
    timeout: 30_000,
  })
  expect(stdout).toContain('dask-cloud-operator')
})

test('the image holds no package that is for development only', async () => {
  const { packages }: Lock = JSON.parse(await readFile('package-lock.json', 'utf8'))
  const forDevelopment = Object.keys(packages).filter(path => packages[path]?.dev === true)
  const present = await Promise.all(
    forDevelopment.map(async path => ((await exists(join(image, path))) ? path : '')),
  )
  expect(forDevelopment).toContain('node_modules/typescript')
  expect(present.filter(path => path !== '')).toEqual([])
})

test('the image runs the program as somebody without rights', async () => {
  const dockerfile = await readFile('Dockerfile', 'utf8')
  const stage = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '))
  expect(stage).toMatch(/^USER [1-9]\d*:[1-9]\d*$/m)
  expect(stage).toMatch(/^ENTRYPOINT \["\/nodejs\/bin\/node", "--max-semi-space-size=4", "src\/main\.ts"\]$/m)
})

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>
}

interface Copied {
  readonly sources: readonly string[]
  readonly target: string
}

/** The last stage's COPY lines that copy from the project itself. */
function copies(dockerfile: string): readonly Copied[] {
  const stage = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '))
  return stage
    .split('\n')
    .filter(line => line.startsWith('COPY ') && !line.includes('--from='))
    .map(line => {
      const words = line.split(/\s+/).slice(1)
      return { sources: words.slice(0, -1), target: words.at(-1) ?? '' }
    })
}

async function copy(source: string, target: string): Promise<void> {
  await mkdir(join(target, '..'), { recursive: true })
  await cp(source, target, { recursive: true })
}

/** Folders below node_modules of what the operator runs on; what npm calls extraneous came with a tool's install script. */
async function productionPackages(): Promise<readonly string[]> {
  const args = ['ls', '--omit=dev', '--all', '--parseable', '--long']
  const { stdout } = await run('npm', args).catch((error: { readonly stdout: string }) => error)
  const lines = stdout.split('\n').filter(line => !line.endsWith(':EXTRANEOUS'))
  const paths = lines.map(line => relative(process.cwd(), line.split(':')[0] ?? ''))
  return paths.filter(path => path.startsWith('node_modules'))
}

/** Packages inside a package are listed for themselves, and some of them are for development only. */
function isOwn(path: string): (source: string) => boolean {
  const nested = join(path, 'node_modules')
  return source => !source.startsWith(nested)
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
