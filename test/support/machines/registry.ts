import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, openSync } from 'node:fs'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { Agent, request } from 'undici'
import { poll } from '../../../src/lib/wait.ts'
import { gateway, registryName } from './network.ts'

const run = promisify(execFile)
const startMs = 20_000
const repository = 'dask'
const tag = '2026.8.0'
/** As a cluster names it. */
export const imageInRegistry = `${registryName}/${repository}:${tag}`

interface Parts {
  /** A Debian that has the registry. */
  readonly root: string
  /** Where it keeps what it holds. */
  readonly folder: string
}

/** A real registry (Debian's docker-registry) with one image in it, which can be gone for a while. Its name is known in the room. */
export class Registry implements AsyncDisposable {
  readonly certificate: string
  readonly #parts: Parts
  readonly #agent: Agent
  #process: ChildProcess | undefined

  private constructor(parts: Parts, certificate: string) {
    this.#parts = parts
    this.certificate = certificate
    this.#agent = new Agent({ connect: { ca: certificate, servername: registryName } })
  }

  /** With its certificate and configuration, but not started. */
  static async create(parts: Parts): Promise<Registry> {
    const { folder } = parts
    await mkdir(join(folder, 'data'), { recursive: true })
    const [key, certificate] = [join(folder, 'tls.key'), join(folder, 'tls.crt')]
    const subject = ['-subj', `/CN=${registryName}`, '-addext', `subjectAltName=DNS:${registryName}`]
    const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
    await run('openssl', ['req', ...kind, ...subject, '-keyout', key, '-out', certificate])
    await writeFile(join(folder, 'config.yml'), configuration)
    return new Registry(parts, await readFile(certificate, 'utf8'))
  }

  async start(): Promise<void> {
    const { root, folder } = this.#parts
    const log = openSync(join(folder, 'registry.log'), 'a')
    // Its own view of the files: nothing is written into the Debian that others boot from.
    const view = `mount --bind "$1" "$0/mnt" && exec chroot "$0" /usr/bin/docker-registry serve /mnt/config.yml`
    this.#process = spawn('unshare', ['--mount', 'sh', '-c', view, root, folder], {
      stdio: ['ignore', log, log],
    })
    const answers = async () => {
      const { statusCode } = await this.#ask('GET', '/v2/')
      return statusCode === 200 ? true : undefined
    }
    await poll(() => answers().catch(() => undefined), 50, { signal: AbortSignal.timeout(startMs) })
  }

  /** Connections are refused until it is started again. */
  async stop(): Promise<void> {
    const process = this.#process
    this.#process = undefined
    if (process === undefined || process.exitCode !== null) return
    process.kill('SIGKILL')
    await once(process, 'exit')
  }

  /** Puts an image of one layer, a tar file, into it. */
  async push(layer: string): Promise<void> {
    const digest = await digestOf(layer)
    const { size } = await stat(layer)
    await this.#blob(digest, () => createReadStream(layer), size)
    const config = Buffer.from(JSON.stringify(configOf(digest)))
    const about = {
      digest: `sha256:${createHash('sha256').update(config).digest('hex')}`,
      size: config.length,
    }
    await this.#blob(about.digest, () => Readable.from(config), about.size)
    const manifest = {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...about },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest, size }],
    }
    const path = `/v2/${repository}/manifests/${tag}`
    const { statusCode, text } = await this.#ask('PUT', path, {
      body: JSON.stringify(manifest),
      headers: { 'content-type': manifest.mediaType },
    })
    if (statusCode !== 201) throw new Error(`the registry refused the manifest: ${statusCode} ${text}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await this.#agent.close()
  }

  async #blob(digest: string, open: () => Readable, size: number): Promise<void> {
    const begun = await this.#ask('POST', `/v2/${repository}/blobs/uploads/`)
    const { pathname, search } = new URL(String(begun.headers['location']), `https://${registryName}`)
    const path = `${pathname}${search}&digest=${encodeURIComponent(digest)}`
    const { statusCode, text } = await this.#ask('PUT', path, {
      body: open(),
      headers: { 'content-type': 'application/octet-stream', 'content-length': String(size) },
    })
    if (statusCode !== 201) throw new Error(`the registry refused ${digest}: ${statusCode} ${text}`)
  }

  async #ask(
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    sent: { readonly body?: string | Readable; readonly headers?: Record<string, string> } = {},
  ) {
    const { statusCode, headers, body } = await request(`https://${gateway}${path}`, {
      method,
      dispatcher: this.#agent,
      ...sent,
      headers: { host: registryName, ...sent.headers },
    })
    return { statusCode, headers, text: await body.text() }
  }
}

const configuration = `version: 0.1
storage:
  filesystem:
    rootdirectory: /mnt/data
http:
  addr: ${gateway}:443
  tls:
    certificate: /mnt/tls.crt
    key: /mnt/tls.key
`

const configOf = (digest: string) => ({
  architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
  os: 'linux',
  config: { Env: ['PATH=/usr/local/bin:/usr/bin:/bin'] },
  rootfs: { type: 'layers', diff_ids: [digest] },
})

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return `sha256:${hash.digest('hex')}`
}
