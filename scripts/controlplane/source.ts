import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { access, constants, readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { build, type Job } from '../go-build.ts'
import { download } from './download.ts'

const run = promisify(execFile)

/** The commands that start each program. */
export interface Source {
  /** Where they come from, for people. */
  readonly origin: string
  readonly etcd: readonly string[]
  readonly apiServer: readonly string[]
  /** Without it, owned objects and namespaces do not go by themselves. */
  readonly controllerManager: readonly string[] | undefined
  readonly kubectl: readonly string[]
}

export interface Asked {
  readonly signal: AbortSignal
  readonly progress: (line: string) => void
  /** Whether official binaries may be downloaded where nothing else is to be had. */
  readonly download?: boolean
}

const here = import.meta.dirname
const oldestKubectl = 28

/** No control plane can be had here; the message says what to install. */
export class NoControlPlane extends Error {
  override readonly name = 'NoControlPlane'
}

/** In this order: `KUBEBUILDER_ASSETS`, the cache, a build with Go, and only on request a download. */
export async function findSource(asked: Asked): Promise<Source> {
  const assets = process.env['KUBEBUILDER_ASSETS']
  if (assets !== undefined && assets !== '') return fromAssets(assets, asked)
  const cached = await cachedBinary()
  if (await isExecutable(cached.path)) return fromBinary(cached.path, 'the cache')
  const go = await goVersion()
  if (go !== undefined && go >= 26) {
    await build(jobOf(cached), asked)
    return fromBinary(cached.path, 'a build with Go')
  }
  if (asked.download === true) {
    return fromAssets(await download(cached.version, cached.cache, asked), asked)
  }
  throw new NoControlPlane(
    `no control plane: ${go === undefined ? 'Go is not installed' : `Go 1.${go} is too old`}. Install Go 1.26 or newer ` +
      '(https://go.dev/dl), or point KUBEBUILDER_ASSETS at a folder with etcd, kube-apiserver and kubectl ' +
      '(`setup-envtest use -p path`), or allow a download: npm run controlplane -- build --download',
  )
}

function jobOf({ path, version }: { readonly path: string; readonly version: string }): Job {
  const [, major = '1', minor = ''] = /^v(\d+)\.(\d+)/.exec(version) ?? []
  // Stamped into the programs: clients refuse an API server without a version.
  const stamps = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap(stamped => [
    `-X ${stamped}.gitVersion=${version}`,
    `-X ${stamped}.gitMajor=${major}`,
    `-X ${stamped}.gitMinor=${minor}`,
  ])
  return {
    name: 'control plane',
    what: `Kubernetes ${version} with Go, 5 to 8 minutes on two cores, once`,
    sources: here,
    target: path,
    runs: into => [['-ldflags', ['-s', '-w', ...stamps].join(' '), '-o', into, '.']],
  }
}

/** kubectl alone, without building anything: of the PATH, of `KUBEBUILDER_ASSETS` or of the cache. */
export async function findKubectl(): Promise<readonly string[] | undefined> {
  const onPath = await kubectlOnPath()
  if (onPath !== undefined) return onPath
  const asset = join(process.env['KUBEBUILDER_ASSETS'] ?? '', 'kubectl')
  if (process.env['KUBEBUILDER_ASSETS'] && (await isExecutable(asset))) return [asset]
  const { path } = await cachedBinary()
  return (await isExecutable(path)) ? [path, 'kubectl'] : undefined
}

/** Where the built binary is or would be: a path that changes with what it is built from. */
export async function cachedBinary(): Promise<{
  readonly path: string
  readonly version: string
  readonly cache: string
}> {
  const texts = await Promise.all(
    ['go.mod', 'go.sum', 'main.go'].map(file => readFile(join(here, file), 'utf8')),
  )
  const version = /^require k8s\.io\/kubernetes (v\S+)/m.exec(texts[0] ?? '')?.[1]
  if (version === undefined) throw new Error(`${join(here, 'go.mod')}: no version of k8s.io/kubernetes`)
  const hash = createHash('sha256')
  for (const part of [...texts, version, process.platform, process.arch]) hash.update(part).update('\0')
  const root = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  const cache = join(root, 'dask-cloud-operator')
  const folder = `controlplane-${hash.digest('hex').slice(0, 16)}`
  return { path: join(cache, folder, 'controlplane'), version, cache }
}

async function fromBinary(path: string, origin: string): Promise<Source> {
  return {
    origin: `${origin} (${path})`,
    etcd: [path, 'etcd'],
    apiServer: [path, 'kube-apiserver'],
    controllerManager: [path, 'kube-controller-manager'],
    kubectl: (await kubectlOnPath()) ?? [path, 'kubectl'],
  }
}

async function fromAssets(folder: string, { progress }: Asked): Promise<Source> {
  const [etcd, apiServer, controllerManager, kubectl] = await Promise.all(
    ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kubectl'].map(async name => {
      const path = join(folder, name)
      return (await isExecutable(path)) ? [path] : undefined
    }),
  )
  const client = kubectl ?? (await kubectlOnPath())
  if (etcd === undefined || apiServer === undefined || client === undefined) {
    throw new NoControlPlane(`${folder} must hold etcd, kube-apiserver and kubectl (KUBEBUILDER_ASSETS)`)
  }
  if (controllerManager === undefined) {
    progress(
      `${folder} has no kube-controller-manager: owned objects and namespaces will not go by themselves`,
    )
  }
  return { origin: folder, etcd, apiServer, controllerManager, kubectl: client }
}

/** The kubectl of the PATH, if it is new enough for `create token` and `--subresource`. */
async function kubectlOnPath(): Promise<readonly string[] | undefined> {
  const path = await firstOnPath('kubectl')
  if (path === undefined) return undefined
  try {
    const { stdout } = await run(path, ['version', '--client', '--output=json'], { timeout: 10_000 })
    const minor = /"minor":\s*"(\d+)/.exec(stdout)?.[1]
    return Number(minor) >= oldestKubectl ? [path] : undefined
  } catch {
    return undefined
  }
}

/** The minor number of Go 1.x, or undefined where there is none. */
export async function goVersion(): Promise<number | undefined> {
  try {
    const { stdout } = await run('go', ['version'], { timeout: 10_000 })
    const minor = /go1\.(\d+)/.exec(stdout)?.[1]
    return minor === undefined ? undefined : Number(minor)
  } catch {
    return undefined
  }
}

async function firstOnPath(name: string): Promise<string | undefined> {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter(folder => folder !== '')
  const paths = folders.map(folder => join(folder, name))
  const usable = await Promise.all(paths.map(isExecutable))
  return paths.find((_, index) => usable[index])
}

export function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}
