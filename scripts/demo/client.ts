import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { promisify } from 'node:util'
import { type Call, within } from '../../src/lib/call.ts'
import { integer, record } from '../../src/lib/parse.ts'

const run = promisify(execFile)
const count = 1000
/** 0² + 1² + ... + (count - 1)². */
const expected = ((count - 1) * count * (2 * count - 1)) / 6
const clientMs = 90_000
const strangerMs = 10_000

/** What a user has: the address, the files of the Secret in a folder of theirs, and a Python with Dask. */
export interface User {
  readonly address: string
  readonly folder: string
  readonly python: string
}

/** Writes a Secret's files where only this user can read them. */
export async function writeFiles(folder: string, files: ReadonlyMap<string, Buffer>): Promise<void> {
  await mkdir(folder, { mode: 0o700 })
  for (const [name, content] of files) await writeFile(join(folder, name), content, { mode: 0o600 })
}

export interface Result {
  readonly total: number
  readonly seconds: number
  /** Worker processes that held a part of it. */
  readonly processes: number
}

/** Connects as a Python user does and computes. Throws with what Python said, and where the sum is not what it must be. */
export async function compute({ address, folder, python }: User, call: Call): Promise<Result> {
  const program = join(import.meta.dirname, 'client.py')
  const { stdout } = await run(python, [program, address, folder, String(count)], {
    ...within(call, clientMs),
    env: { PATH: process.env['PATH'], HOME: folder, LANG: 'C.UTF-8', DASK_CONFIG: join(folder, 'none') },
  }).catch(error => {
    call.signal.throwIfAborted()
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim().slice(-2_000) : ''
    throw new Error(`the Python client failed or took longer than ${clientMs / 1000} s\n${said}`, {
      cause: error,
    })
  })
  const { total, seconds, processes } = record(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''), 'answer')
  const bounds = { min: 0, max: Number.MAX_SAFE_INTEGER }
  const result = {
    total: integer(total, 'total', bounds),
    seconds: Number(seconds),
    processes: integer(processes, 'processes', bounds),
  }
  if (result.total !== expected) throw new Error(`the cluster computed ${result.total}, not ${expected}`)
  return result
}

export const computed = `sum of the squares below ${count}`

/** The lines with which a person does the same. */
export const pythonLines = ({ address, folder }: User): readonly string[] => [
  'from distributed import Client, Security',
  `files = "${folder}"`,
  'security = Security(tls_ca_file=f"{files}/ca.crt", tls_client_cert=f"{files}/tls.crt",',
  '                    tls_client_key=f"{files}/tls.key", require_encryption=True)',
  `client = Client("${address}", security=security)`,
  'client.submit(sum, range(1000)).result()',
]

/** Connects without a certificate and returns in what words it is refused. Throws where the scheduler talks to it. */
export function refusal(address: string, call: Call): Promise<string> {
  const { hostname, port } = new URL(address.replace(/^tls:/, 'https:'))
  return new Promise((resolve, reject) => {
    // What is asked is whether the scheduler takes us, not whether we take it.
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false })
    const { signal } = within(call, strangerMs)
    const end = (settle: () => void): void => {
      signal.removeEventListener('abort', late)
      socket.destroy()
      settle()
    }
    const late = (): void =>
      end(() => reject(new Error('the scheduler did not refuse a client without a certificate in time')))
    signal.addEventListener('abort', late, { once: true })
    socket.once('data', () =>
      end(() => reject(new Error('the scheduler talks to a client without a certificate'))),
    )
    socket.once('error', error => end(() => resolve('code' in error ? String(error.code) : error.message)))
    socket.once('close', () => end(() => resolve('the connection was closed')))
  })
}
