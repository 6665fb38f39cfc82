import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { isExecutable } from '../controlplane/source.ts'
import { build, type Job } from '../go-build.ts'
import { keptAt, lackOfGo } from '../go-tools.ts'

/** The programs with which the chart is rendered and checked, each a path. */
export interface ChartTools {
  /** Helm 4. */
  readonly helm: string
  readonly helm3: string
  readonly kubeconform: string
  /** `main.go`: whether objects of the Prometheus Operator are what it takes. */
  readonly monitoring: string
}

interface Asked {
  readonly signal: AbortSignal
  readonly progress: (line: string) => void
}

const here = import.meta.dirname
const run = promisify(execFile)

/** They cannot be had here; the message says what to install. */
export class NoChartTools extends Error {
  override readonly name = 'NoChartTools'
}

/** From the cache, else built with Go at the versions of `go.mod`. Throws `NoChartTools` where there is no Go. */
export async function findChartTools(asked: Asked): Promise<ChartTools> {
  const folder = await toolsFolder()
  const tools = {
    helm: join(folder, 'helm'),
    helm3: join(folder, 'helm3'),
    kubeconform: join(folder, 'kubeconform'),
    monitoring: join(folder, 'monitoring'),
  }
  if (await isExecutable(tools.helm)) return tools
  const lack = await lackOfGo()
  if (lack !== undefined) throw new NoChartTools(`no helm: ${lack}`)
  await build(jobOf(folder), asked)
  return tools
}

interface Surroundings {
  readonly env?: NodeJS.ProcessEnv
  /** What it reads from its standard input. */
  readonly input?: string
}

/** Runs one of them to its end and returns its standard output; throws an Error that carries all it said. */
export async function runTool(
  program: string,
  args: readonly string[],
  { env = process.env, input = '' }: Surroundings = {},
): Promise<string> {
  const options = { env, timeout: 120_000, maxBuffer: 64 * 1024 * 1024 }
  const running = run(program, [...args], options)
  running.child.stdin?.on('error', () => undefined)
  running.child.stdin?.end(input)
  return running.then(
    ({ stdout }) => stdout,
    (error: Error & { readonly stdout?: string; readonly stderr?: string }) => {
      const said = `${error.stdout ?? ''}\n${error.stderr ?? ''}`.trim()
      throw new Error(`${program} ${args.join(' ')}: ${said === '' ? error.message : said}`, { cause: error })
    },
  )
}

/** A folder whose name changes with what is built. */
export const toolsFolder = (): Promise<string> =>
  keptAt({ name: 'chart-tools', folder: here, files: ['go.mod', 'go.sum', 'main.go'] })

/** Most of what Helm is made of is part of the control plane, at the same versions: after that it takes a minute or two. */
const jobOf = (folder: string): Job => ({
  name: 'chart tools',
  what: 'helm 4, helm 3 and kubeconform with Go, 2 to 3 minutes on two cores, once',
  sources: here,
  target: folder,
  runs: into => [
    [...small, '-o', join(into, 'monitoring'), '.'],
    [...small, '-o', join(into, 'kubeconform'), 'github.com/yannh/kubeconform/cmd/kubeconform'],
    [...small, '-o', join(into, 'helm3'), 'helm.sh/helm/v3/cmd/helm'],
    [...small, '-o', join(into, 'helm'), 'helm.sh/helm/v4/cmd/helm'],
  ],
})
const small = ['-ldflags', '-s -w']
