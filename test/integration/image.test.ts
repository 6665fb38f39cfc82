import { execFile } from 'node:child_process'
import { existsSync, globSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { controlPlane } from '../support/control-plane.ts'
import { strangeIn } from '../support/documented-metrics.ts'
import { parseExposition } from '../support/exposition.ts'
import { buildImage, canHaveRoots, type Image } from '../support/image.ts'
import { type ImageClouds, imageClouds } from '../support/image-clouds.ts'
import { healthPort, scraped } from '../support/scrape.ts'

const run = promisify(execFile)
const plane = controlPlane()
const noRoot = 'only root on Linux can give a process a root of its own'

let image: Image
let app: string
let clouds: ImageClouds | undefined

plane.prepare(async () => {
  image = await buildImage()
  app = join(image.root, 'app')
  if (canHaveRoots()) clouds = await imageClouds(plane, image)
})
afterAll(async () => {
  await clouds?.[Symbol.asyncDispose]()
  await image?.[Symbol.asyncDispose]()
})

// oxlint-disable-next-line vitest/expect-expect -- concurrent tests have an `expect` of their own
test.concurrent.for(['aws', 'azure', 'digitalocean', 'gcp'])(
  'from its files alone, in a root of its own and as its user, the operator takes a cluster at %s through its life',
  async (name, { expect: expects, skip }) => {
    skip(!canHaveRoots(), noRoot)
    const { room, account } = at(name)
    await account.create(name, { replicas: 1 })
    await room.until('its machines run', () => account.alive.length === 2 && account.isAtRest, 60_000)
    await room.removed(name)
    expects(account.left).toEqual([])
  },
)

function at(name: string) {
  const account = clouds?.accounts[name]
  if (clouds === undefined || account === undefined) throw new Error(`no ${name} is simulated here`)
  return { room: clouds.room, account }
}

interface Told {
  readonly said: Readonly<Record<string, string>>
  readonly loaded: readonly string[]
}

// oxlint-disable-next-line vitest/expect-expect -- the same
test.concurrent('whatever identity the operator has, it comes as far as it does from a checkout, which loads no file that the image lacks', async ({
  expect: expects,
  skip,
}) => {
  skip(!canHaveRoots(), noRoot)
  const program = 'test/support/image-identities.ts'
  const certificate = await image.place('/etc/operator.pem', await selfSigned())
  await image.place(`/app/${program}`, readFileSync(program, 'utf8'))
  const [env, ...words] = image.command()
  const within = { HOME: '/home/nonroot', NODE_ENV: 'production' }
  const [own, other] = await Promise.all([
    run(env, [...words.slice(0, -1), program, certificate]),
    run(process.execPath, [program, join(image.root, certificate)], { env: within }),
  ])
  const [inImage, inCheckout]: readonly [Told, Told] = [JSON.parse(own.stdout), JSON.parse(other.stdout)]
  expects(inImage.said).toEqual(inCheckout.said)
  expects(Object.values(inImage.said).filter(said => said === 'connected')).toEqual([])
  expects(inCheckout.loaded.length).toBeGreaterThan(500)
  expects(inCheckout.loaded.filter(file => !existsSync(join(app, file)))).toEqual([])
})

/** A key and its certificate, PEM. */
async function selfSigned(): Promise<string> {
  const words = 'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=operator -keyout - -out -'
  return (await run('openssl', words.split(' '))).stdout
}

test('with every cloud, it serves no label and no value that the page of metrics lacks', async ({ skip }) => {
  skip(!canHaveRoots(), noRoot)
  const { body } = await scraped(healthPort((await clouds?.operator.log()) ?? ''))
  const { samples } = parseExposition(body)
  const used = samples.filter(({ name }) => name === 'dask_cloud_operator_launches_total')
  expect(new Set(used.map(({ labels }) => labels['cloud']))).toEqual(
    new Set(['aws', 'azure', 'digitalOcean', 'gcp']),
  )
  expect(strangeIn(samples)).toEqual([])
})

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>
}
const { packages }: Lock = JSON.parse(readFileSync('package-lock.json', 'utf8'))
const licences = (path: string) => readdirSync(path).filter(name => /^licen[cs]e/i.test(name))
const modules = (cwd: string) => globSync('**/node_modules/{[^@]*,@*/*}/package.json', { cwd }).map(dirname)

test('the image has packages of production alone, with their licences', () => {
  const present = modules(app)
  expect(present.length).toBeGreaterThan(100)
  expect(present.filter(path => packages[path] === undefined || packages[path].dev === true)).toEqual([])
  const without = present.filter(path => licences(path).length > licences(join(app, path)).length)
  expect(without).toEqual([])
})

test('nothing of a package names what it loads in a way that its gatherer cannot read', () => {
  const programs = filesOf('node_modules', app).filter(path => /\.[cm]?js$/.test(path))
  const named = /(?<![.\w$])(?:require|import)\(\s*(?!["'\s)]|\/\*)[^)]{0,80}\)/g
  const odd = programs.flatMap(path =>
    [...readFileSync(join(app, path), 'utf8').matchAll(named)].map(([call]) => `${path}: ${call}`),
  )
  expect(odd).toEqual([])
})

const sizeOf = (cwd: string, paths: readonly string[]): number =>
  paths.reduce((sum, path) => sum + statSync(join(cwd, path)).size, 0) / 1e6

test('the sources are there as they are, and the sizes are those that the README names', () => {
  const sources = globSync('src/**/*.*')
  expect(globSync('src/**/*.*', { cwd: app }).toSorted()).toEqual(sources.toSorted())
  const changed = sources.filter(
    path => statSync(path).isFile() && !readFileSync(path).equals(readFileSync(join(app, path))),
  )
  expect(changed).toEqual([])
  const production = Object.keys(packages).filter(path => path !== '' && packages[path]?.dev !== true)
  const all = production.flatMap(path =>
    filesOf(path).filter(file => !file.slice(path.length).includes('/node_modules/')),
  )
  const [before, after] = [sizeOf('.', all), sizeOf(app, filesOf('node_modules', app))].map(Math.round)
  expect(readFileSync('README.md', 'utf8')).toContain(
    `${after} MB of packages (${before} MB where nothing is left out)`,
  )
})

function filesOf(path: string, cwd = '.'): readonly string[] {
  return readdirSync(join(cwd, path), { recursive: true, withFileTypes: true })
    .filter(each => each.isFile())
    .map(each => join(each.parentPath, each.name).slice(cwd === '.' ? 0 : cwd.length + 1))
}

test('whatever the Dockerfile copies of the project, its build may have', () => {
  const lines = readFileSync('Dockerfile', 'utf8').split('\n')
  const copied = lines
    .filter(line => line.startsWith('COPY ') && !line.includes('--from='))
    .flatMap(line => line.split(' ').slice(1, -1))
  const allowed = readFileSync('.dockerignore', 'utf8').split('\n')
  expect(copied).toContain('scripts/image')
  expect(copied.filter(path => !allowed.includes(`!${path}`) || !existsSync(path))).toEqual([])
})

test('the image is of a base without a shell, for the platform that asks, and runs as somebody without rights', () => {
  const dockerfile = readFileSync('Dockerfile', 'utf8')
  const stage = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '))
  expect(stage).toMatch(/^FROM gcr\.io\/distroless\/nodejs24-debian12:nonroot$/m)
  expect(stage).toMatch(/^USER [1-9]\d*:[1-9]\d*$/m)
  expect(stage).toMatch(/^ENTRYPOINT \["\/nodejs\/bin\/node", "--max-semi-space-size=4", "src\/main\.ts"\]$/m)
})
