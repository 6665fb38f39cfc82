import { isExecutable } from '../controlplane/source.ts'
import { build } from '../go-build.ts'
import { keptAt, lackOfGo } from '../go-tools.ts'

interface Asked {
  readonly signal: AbortSignal
  readonly progress: (line: string) => void
}

const here = import.meta.dirname

/** The path of `main.go` as a program, from the cache or built with Go; undefined where there is no Go to build it with. */
export async function findGitopsTools(asked: Asked): Promise<string | undefined> {
  const target = await keptAt({ name: 'gitops-tools', folder: here, files: ['go.mod', 'go.sum', 'main.go'] })
  if (await isExecutable(target)) return target
  if ((await lackOfGo()) !== undefined) return undefined
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
