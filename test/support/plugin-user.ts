import { execFile, spawn } from 'node:child_process'
import { chmod, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import type { SharedControlPlane } from './control-plane.ts'
import { kubeconfigOf } from './rights.ts'

export interface PluginRun {
  /** Null where a signal ended it. */
  readonly code: number | null
  readonly output: string
  readonly errors: string
}

const run = promisify(execFile)
const account = 'analyst'
const runMs = 60_000

/** What docs/kubectl-daskcloud.md says that the commands need, and nothing else. */
const rules = [
  { apiGroups: ['cloud.dask.org'], resources: ['daskcloudclusters'], verbs: ['get', 'list', 'patch'] },
  { apiGroups: ['cloud.dask.org'], resources: ['daskcloudclusters/scale'], verbs: ['patch'] },
  { apiGroups: [''], resources: ['secrets'], verbs: ['get'] },
  { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['list'] },
]

/** Somebody with a home, a kubeconfig for these rights in one namespace, and kubectl with the plugin on the PATH. */
export class PluginUser {
  readonly home: string
  readonly #bin: string
  readonly #kubeconfig: string

  private constructor(home: string, bin: string, kubeconfig: string) {
    this.home = home
    this.#bin = bin
    this.#kubeconfig = kubeconfig
  }

  static async create(plane: SharedControlPlane, namespace: string, home: string): Promise<PluginUser> {
    const bin = join(home, 'bin')
    await mkdir(bin, { recursive: true })
    const [kubectl = ''] = plane.kubectlCommand
    await symlink(kubectl, join(bin, 'kubectl'))
    const program = `#!/bin/sh\nexec "${process.execPath}" "${resolve('src/cli/main.ts')}" "$@"\n`
    await writeFile(join(bin, 'kubectl-daskcloud'), program)
    await chmod(join(bin, 'kubectl-daskcloud'), 0o755)
    const named = { name: account, namespace }
    const rbac = 'rbac.authorization.k8s.io'
    const items = [
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: named },
      { apiVersion: `${rbac}/v1`, kind: 'Role', metadata: named, rules },
      {
        apiVersion: `${rbac}/v1`,
        kind: 'RoleBinding',
        metadata: named,
        roleRef: { apiGroup: rbac, kind: 'Role', name: account },
        subjects: [{ kind: 'ServiceAccount', ...named }],
      },
    ]
    await plane.kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
    const kubeconfig = await kubeconfigOf(plane, { namespace, account }, home)
    const inIt = [
      'config',
      'set-context',
      '--current',
      `--namespace=${namespace}`,
      `--kubeconfig=${kubeconfig}`,
    ]
    await run(kubectl, [...plane.kubectlCommand.slice(1), ...inIt])
    return new PluginUser(home, bin, kubeconfig)
  }

  /** `kubectl-daskcloud ...`, with a pipe for its output. */
  run(...words: readonly string[]): Promise<PluginRun> {
    return this.#end(this.start(...words))
  }

  /** `kubectl daskcloud ...`: kubectl finds the plugin on the PATH. */
  runByKubectl(...words: readonly string[]): Promise<PluginRun> {
    return this.#end(this.#start('kubectl', ['daskcloud', ...words]))
  }

  async #end(child: ReturnType<PluginUser['start']>): Promise<PluginRun> {
    const ended = new Promise<number | null>((done, failed) => {
      child.once('error', failed)
      child.once('close', done)
    })
    const [code, output, errors] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
    return { code, output, errors }
  }

  start(...words: readonly string[]) {
    return this.#start('kubectl-daskcloud', words)
  }

  #start(program: string, words: readonly string[]) {
    return spawn(join(this.#bin, program), words, {
      cwd: this.home,
      env: {
        PATH: [this.#bin, process.env['PATH']].join(delimiter),
        HOME: this.home,
        TMPDIR: this.home,
        KUBECONFIG: this.#kubeconfig,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      signal: AbortSignal.timeout(runMs),
      killSignal: 'SIGKILL',
    })
  }

  /** The output of a command that has to succeed. */
  async text(...words: readonly string[]): Promise<string> {
    const { code, output, errors } = await this.run(...words)
    if (code !== 0) throw new Error(`daskcloud ${words.join(' ')} ended with ${code}: ${errors}${output}`)
    return output
  }

  async json(...words: readonly string[]): Promise<unknown> {
    return JSON.parse(await this.text(...words, '-o', 'json')) as unknown
  }

  /** `MODE PATH` of everything below a folder of the home, and the folder itself. */
  async modes(folder: string): Promise<readonly string[]> {
    const below = await readdir(join(this.home, folder), { recursive: true })
    const paths = ['', ...below].toSorted().map(path => join(folder, path))
    return Promise.all(
      paths.map(async path => {
        const { mode } = await stat(join(this.home, path))
        return `${(mode & 0o777).toString(8)} ${path}`
      }),
    )
  }
}
