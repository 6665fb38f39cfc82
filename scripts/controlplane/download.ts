import { createHash } from 'node:crypto'
import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

interface Asked {
  readonly signal: AbortSignal
  readonly progress: (line: string) => void
}

const programs = ['kube-apiserver', 'kube-controller-manager', 'kubectl']
const deadlineMs = 15 * 60_000

/**
 * Downloads the official programs of a Kubernetes version, each checked against the SHA-256 beside it, and returns their
 * folder. There is no official etcd among them, so one must already be on the PATH or in the folder.
 * Never run in this project's own checks, which have no way out to dl.k8s.io.
 */
export async function download(version: string, cache: string, { signal, progress }: Asked): Promise<string> {
  const arch = process.arch === 'arm64' ? 'arm64' : 'amd64'
  const folder = join(cache, `download-${version}-linux-${arch}`)
  if (process.platform !== 'linux')
    throw new Error('official binaries of the API server exist for Linux only')
  await mkdir(folder, { recursive: true })
  for (const name of programs) {
    const path = join(folder, name)
    if (await exists(path)) continue
    progress(`control plane: downloading ${name} ${version} (unverified in this project's own checks)`)
    const url = `https://dl.k8s.io/release/${version}/bin/linux/${arch}/${name}`
    const limits = { signal: AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]) }
    const [binary, sum] = await Promise.all([bytes(url, limits), bytes(`${url}.sha256`, limits)])
    const actual = createHash('sha256').update(binary).digest('hex')
    if (sum.toString().trim() !== actual)
      throw new Error(`${url}: its SHA-256 is ${actual}, not ${sum.toString()}`)
    const temporary = `${path}.${process.pid}`
    await writeFile(temporary, binary, { mode: 0o755 })
    await rename(temporary, path).catch(() => rm(temporary, { force: true }))
  }
  return folder
}

async function bytes(url: string, call: { readonly signal: AbortSignal }): Promise<Buffer> {
  const reply = await fetch(url, { signal: call.signal })
  if (!reply.ok) throw new Error(`${url}: ${reply.status} ${reply.statusText}`)
  return Buffer.from(await reply.arrayBuffer())
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
