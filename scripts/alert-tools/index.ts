import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { goVersion, isExecutable } from '../controlplane/source.ts'
import { build } from '../go-build.ts'

interface Asked {
  readonly signal: AbortSignal
  readonly progress: (line: string) => void
}

const here = import.meta.dirname

/** It cannot be had here; the message says what to install. */
export class NoPromtool extends Error {
  override readonly name = 'NoPromtool'
}

/** Prometheus' own, from the cache, else built with Go at the version of `go.mod`. Throws `NoPromtool` where there is no Go. */
export async function findPromtool(asked: Asked): Promise<string> {
  const promtool = await promtoolPath()
  if (await isExecutable(promtool)) return promtool
  const go = await goVersion()
  if (go === undefined || go < 26) {
    const found = go === undefined ? 'Go is not installed' : `Go 1.${go} is too old`
    throw new NoPromtool(`no promtool: ${found}. Install Go 1.26 or newer (https://go.dev/dl)`)
  }
  await build(
    {
      name: 'alert tools',
      what: 'promtool with Go, about a minute on two cores, once',
      sources: here,
      target: promtool,
      runs: into => [[...small, '-o', into, 'github.com/prometheus/prometheus/cmd/promtool']],
    },
    asked,
  )
  return promtool
}

/** Without the clouds in which Prometheus finds what it reads: rules need none of them, and they are most of it. */
const small = ['-tags', 'remove_all_sd', '-ldflags', '-s -w']

/** A path that changes with what is built. */
async function promtoolPath(): Promise<string> {
  const hash = createHash('sha256')
  for (const file of ['go.mod', 'go.sum']) hash.update(await readFile(join(here, file))).update('\0')
  hash.update(`${process.platform}\0${process.arch}`)
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  return join(cache, 'dask-cloud-operator', `promtool-${hash.digest('hex').slice(0, 16)}`)
}
