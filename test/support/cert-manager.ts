import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { isRecord } from '../../src/lib/parse.ts'
import { poll } from '../../src/lib/wait.ts'
import type { SharedControlPlane } from './control-plane.ts'
import { authorityExtensions, leafExtensions, OpensslRoom } from './openssl-authority.ts'

const run = promisify(execFile)

/** The release whose definitions are used, and what Go's checksum database has of its module. */
const module = 'github.com/cert-manager/cert-manager'
const release = { version: 'v1.21.2', sum: 'h1:UWgoYM+KLNtRlqmoWOKjKBOBUPVHeepQ6/ac3ERJW68=' }

/** The folder with cert-manager's own definitions, from the Go module proxy; or undefined where there is no Go to fetch them. */
export async function certManagerDefinitions(): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'cert-manager-'))
  try {
    await writeFile(join(folder, 'go.mod'), 'module none\n\ngo 1.26\n')
    const args = ['mod', 'download', '-json', `${module}@${release.version}`]
    const { stdout } = await run('go', args, { cwd: folder, timeout: 120_000 }).catch(absent)
    if (stdout === '') return undefined
    const said: unknown = JSON.parse(stdout)
    const { Dir: unpacked, Sum: sum } = isRecord(said) ? said : {}
    if (sum !== release.sum || typeof unpacked !== 'string')
      throw new Error(`${module}@${release.version} is not what it was: ${String(sum)}`)
    return join(unpacked, 'deploy', 'crds')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function absent(error: unknown): { readonly stdout: string } {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { stdout: '' }
  throw error
}

interface Asked {
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly secretName: string
    readonly commonName: string
    readonly dnsNames: readonly string[]
    readonly secretTemplate: { readonly labels: Readonly<Record<string, string>> }
    readonly usages: readonly string[]
  }
}

/** Does what cert-manager's controllers do: tells of each Certificate, and stores what it issues. */
export class Issuer implements Disposable {
  readonly #plane: SharedControlPlane
  readonly #room = new OpensslRoom()
  readonly #authority = this.#room.authority({ extensions: authorityExtensions })

  constructor(plane: SharedControlPlane) {
    this.#plane = plane
  }

  /** Resolves with the Certificates, by name, once there are so many. */
  asked(count: number): Promise<readonly Asked[]> {
    const found = async (): Promise<readonly Asked[] | undefined> => {
      const { items } = JSON.parse(
        await this.#kubectl('get', 'certificates.cert-manager.io', '-o', 'json'),
      ) as {
        readonly items: readonly Asked[]
      }
      return items.length === count ? items : undefined
    }
    return poll(found, 200, { signal: AbortSignal.timeout(30_000) })
  }

  async tell({ metadata: { name } }: Asked, status: 'True' | 'False', message: string): Promise<void> {
    const ready = {
      type: 'Ready',
      status,
      reason: 'Tested',
      message,
      lastTransitionTime: new Date().toISOString(),
    }
    const patch = JSON.stringify({ status: { conditions: [ready] } })
    await this.#kubectl(
      'patch',
      `certificates.cert-manager.io/${name}`,
      '--subresource=status',
      '--type=merge',
      '-p',
      patch,
    )
  }

  async issue(asked: Asked): Promise<void> {
    const { secretName: name, secretTemplate, dnsNames, commonName } = asked.spec
    const texts = this.#authority.leaf({
      subject: `/CN=${commonName}`,
      extensions: [...leafExtensions, `subjectAltName=${dnsNames.map(dns => `DNS:${dns}`).join(',')}`],
    })
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'kubernetes.io/tls',
      metadata: { name, labels: secretTemplate.labels },
      stringData: texts,
    }
    await this.#plane.kubectl(
      ['--namespace', this.#plane.namespace, 'apply', '-f', '-'],
      JSON.stringify(secret),
    )
    await this.tell(asked, 'True', 'Certificate is up to date and has not expired')
  }

  [Symbol.dispose](): void {
    this.#room[Symbol.dispose]()
  }

  #kubectl(...args: readonly string[]): Promise<string> {
    return this.#plane.kubectl(['--namespace', this.#plane.namespace, ...args])
  }
}
