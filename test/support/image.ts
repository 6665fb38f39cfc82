import { execFile } from 'node:child_process'
import { copyFile, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { temporaryFolder } from '../../scripts/remains.ts'

const run = promisify(execFile)

/** What the Dockerfile would make, gathered without a container engine, in a folder that can be a process's whole file system. */
export interface Image extends AsyncDisposable {
  readonly root: string
  /** The program of the image, as its user, with its environment and this. */
  command(env?: Readonly<Record<string, string>>): readonly [string, ...string[]]
  /** A file for its processes: the path that they know it by. */
  place(path: string, text: string): Promise<string>
}

interface Stage {
  readonly lines: readonly string[]
  /** The words behind the last line that begins so. */
  last(instruction: string): string
}

export async function buildImage(): Promise<Image> {
  const [, gathering, final] = stages(await readFile('Dockerfile', 'utf8'))
  if (gathering === undefined || final === undefined) throw new Error('the Dockerfile has no two stages')
  const root = await temporaryFolder('image')
  const app = join(root, final.last('WORKDIR'))
  await mkdir(app, { recursive: true })
  await runGathering(gathering, join(app, 'node_modules'))
  for (const { sources, target } of copies(final))
    for (const source of sources)
      await copy(source, join(app, target, target.endsWith('/') ? basename(source) : ''))
  await surround(root)
  const [node = '', ...words]: readonly string[] = JSON.parse(final.last('ENTRYPOINT'))
  await copyFile(process.execPath, await within(root, node))
  return {
    root,
    command: (env = {}) => {
      const own = Object.entries({ ...environment(final), ...env, TEST_ROOT: root })
      const [user, group] = final.last('USER').split(':')
      const apart = ['--root', root, '--wd', final.last('WORKDIR'), `--setuid=${user}`, `--setgid=${group}`]
      return ['env', '-i', ...own.map(pair => pair.join('=')), 'unshare', ...apart, node, ...words]
    },
    async place(path, text) {
      await writeFile(await within(root, path), text, { mode: 0o644 })
      return path
    },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  }
}

/** Whether a process can be given another root here. */
export const canHaveRoots = (): boolean => process.platform === 'linux' && process.getuid?.() === 0

function stages(dockerfile: string): readonly Stage[] {
  return dockerfile
    .replaceAll('\\\n', ' ')
    .split(/^(?=FROM )/m)
    .map(text => text.split('\n').filter(line => /^[A-Z]/.test(line)))
    .map(lines => ({
      lines,
      last: instruction =>
        lines.findLast(line => line.startsWith(`${instruction} `))?.slice(instruction.length + 1) ?? '',
    }))
}

/** The last command of the stage that gathers packages, into another folder than there. */
async function runGathering(stage: Stage, target: string): Promise<void> {
  const command = stage.last('RUN').replace(/\S+$/, target)
  await run(process.execPath, command.split(' ').slice(1))
}

interface Copied {
  readonly sources: readonly string[]
  readonly target: string
}

/** What is copied from the project itself. */
const copies = ({ lines }: Stage): readonly Copied[] =>
  lines
    .filter(line => line.startsWith('COPY ') && !line.includes('--from='))
    .map(line => {
      const words = line.split(/\s+/).slice(1)
      return { sources: words.slice(0, -1), target: words.at(-1) ?? '' }
    })

const environment = ({ lines }: Stage): Readonly<Record<string, string>> =>
  Object.fromEntries(
    lines
      .filter(line => line.startsWith('ENV '))
      .flatMap(line => line.slice(4).split(' '))
      .map(pair => pair.split('=')),
  )

async function copy(source: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true })
  await cp(source, target, { recursive: true })
}

/** What the base image and whoever runs a container bring: the libraries of Node, names of hosts, the user's, a folder to write to. */
async function surround(root: string): Promise<void> {
  const { stdout } = await run('ldd', [process.execPath])
  for (const [library] of stdout.matchAll(/\/\S+/g)) await copyFile(library, await within(root, library))
  await writeFile(await within(root, '/etc/hosts'), '127.0.0.1 localhost\n')
  await writeFile(await within(root, '/etc/passwd'), 'nonroot:x:65532:65532::/home/nonroot:/sbin/nologin\n')
  await mkdir(join(root, 'tmp'), { mode: 0o777 })
  await run('chmod', ['1777', join(root, 'tmp')])
  await run('chmod', ['755', root])
}

async function within(root: string, path: string): Promise<string> {
  const file = join(root, path)
  await mkdir(dirname(file), { recursive: true })
  return file
}
