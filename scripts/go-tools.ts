import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { goVersion } from './controlplane/source.ts'

/** What programs built with Go are made of. */
export interface GoSources {
  /** With what its path in the cache begins. */
  readonly name: string
  readonly folder: string
  /** Those of its files that are told apart. */
  readonly files: readonly string[]
}

/** Where they are kept: a path whose end changes with what is built. */
export async function keptAt({ name, folder, files }: GoSources): Promise<string> {
  const hash = createHash('sha256')
  for (const file of files) hash.update(await readFile(join(folder, file))).update('\0')
  hash.update(`${process.platform}\0${process.arch}`)
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  return join(cache, 'dask-cloud-operator', `${name}-${hash.digest('hex').slice(0, 16)}`)
}

/** Why nothing can be built with the Go that is here, or undefined. */
export async function lackOfGo(): Promise<string | undefined> {
  const go = await goVersion()
  if (go !== undefined && go >= 26) return undefined
  const found = go === undefined ? 'Go is not installed' : `Go 1.${go} is too old`
  return `${found}. Install Go 1.26 or newer (https://go.dev/dl)`
}
