import { randomBytes } from 'node:crypto'
import { chmod, lstat, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { renderDaskYaml } from '../pki/dask-yaml.ts'
import type { Client } from './client.ts'
import { CliError } from './exit.ts'

/** The first words of each configuration that this program writes: by them it knows its own. */
const mark = '# Written by kubectl daskcloud connect'

export const configName = 'dask.yaml'
const names = { ca: 'ca.crt', cert: 'tls.crt', key: 'tls.key' } as const
const parts = ['ca', 'cert', 'key'] as const
const ownNames: ReadonlySet<string> = new Set([configName, ...Object.values(names)])

export type Files = Readonly<Record<(typeof parts)[number], string>>

export interface Written {
  /** Undefined where nothing is encrypted. */
  readonly files: Files | undefined
  readonly config: string
}

export interface Contents {
  readonly client: Client
  /** Whose it is, for people. */
  readonly about: string
}

/**
 * A folder with what a client of one cluster needs, for its owner's eyes alone. Each file is written beside its place and
 * moved there, the configuration last. Throws a CliError where something is in the way that is not ours.
 */
export async function writeCredentials(folder: string, contents: Contents): Promise<Written> {
  const { tls } = contents.client
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await refuseOthers(folder)
  await chmod(folder, 0o700)
  const [ca, cert, key] = [join(folder, names.ca), join(folder, names.cert), join(folder, names.key)]
  const files = { ca, cert, key }
  // A key that opens nothing any more is better not there.
  for (const part of parts)
    await (tls === undefined ? rm(files[part], { force: true }) : writePrivate(files[part], tls[part]))
  const config = join(folder, configName)
  await writePrivate(config, configText(folder, contents))
  return { files: tls === undefined ? undefined : files, config }
}

/** One more file with the same configuration, where Dask looks for it. Throws a CliError where another stands there. */
export async function writeConfig(path: string, folder: string, contents: Contents): Promise<void> {
  if ((await ownership(path)) === 'foreign')
    throw inTheWay(path, 'was not written by this program. Move it away, or name a folder with --dir')
  await writePrivate(path, configText(folder, contents))
}

function configText(folder: string, { client: { address, tls }, about }: Contents): string {
  const yaml = renderDaskYaml({ schedulerAddress: address, isPlain: tls === undefined, folder })
  return `${mark} for ${about}; it may be written anew.\n${yaml}`
}

/** Our own folders hold our files and nothing else. */
async function refuseOthers(folder: string): Promise<void> {
  const there = await readdir(folder)
  const other = there.find(name => !ownNames.has(name) && !name.startsWith(temporary))
  if (other !== undefined)
    throw inTheWay(folder, `holds other files (${other}). Name a folder of its own with --dir`)
  const found = there.filter(name => ownNames.has(name))
  if (found.length === 0 || (await ownership(join(folder, configName))) === 'ours') return
  throw inTheWay(
    folder,
    `holds ${found.join(', ')}, which this program did not write. Name another folder with --dir`,
  )
}

async function ownership(path: string): Promise<'none' | 'ours' | 'foreign'> {
  try {
    if (!(await lstat(path)).isFile()) return 'foreign'
    return (await readFile(path, 'utf8')).startsWith(mark) ? 'ours' : 'foreign'
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'none'
    throw error
  }
}

const inTheWay = (path: string, problem: string): CliError => new CliError('failed', `${path} ${problem}`)

const temporary = '.daskcloud-'

/** Whoever reads it finds the old file or the new one. */
async function writePrivate(path: string, text: string): Promise<void> {
  const beside = join(dirname(path), `${temporary}${randomBytes(6).toString('hex')}`)
  try {
    await using file = await open(beside, 'wx', 0o600)
    await file.writeFile(text)
    await file.sync()
    await rename(beside, path)
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  }
}
