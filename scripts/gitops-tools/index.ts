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

/** The path of `main.go` as a program, from the cache or built with Go; undefined where there is no Go to build it with. */
export async function findGitopsTools(asked: Asked): Promise<string | undefined> {
  const hash = createHash('sha256')
  for (const file of ['go.mod', 'go.sum', 'main.go'])
    hash.update(await readFile(join(here, file))).update('\0')
  hash.update(`${process.platform}\0${process.arch}`)
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  const target = join(cache, 'dask-cloud-operator', `gitops-tools-${hash.digest('hex').slice(0, 16)}`)
  if (await isExecutable(target)) return target
  const go = await goVersion()
  if (go === undefined || go < 26) return undefined
  const job = {
    name: 'gitops tools',
    what: "what Argo CD and Flux judge resources with, half a minute beside the control plane's packages, once",
    sources: here,
    target,
    runs: (into: string) => [['-ldflags', '-s -w', '-o', into, '.']],
  }
  await build(job, asked)
  return target
}
