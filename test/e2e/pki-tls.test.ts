import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { temporaryFolder } from '../../scripts/remains.ts'
import { renewAuthority } from '../../src/pki/authority.ts'
import { createBundle } from '../../src/pki/bundle.ts'
import { schedulerServerName } from '../../src/pki/identity.ts'
import { issueLeaf } from '../../src/pki/leaf.ts'
import type { Credential } from '../../src/pki/x509.ts'
import { inTime } from '../support/dask-processes.ts'
import { anIdentity } from '../support/pki-fixture.ts'

const run = promisify(execFile)
const serverName = schedulerServerName(anIdentity.uid)
const dayMs = 86_400_000
const bundle = createBundle(anIdentity, Date.now())
const stranger = createBundle(anIdentity, Date.now())
const expired = issueLeaf(bundle.authority, {
  ...anIdentity,
  role: 'client',
  now: Date.now() - 91 * dayMs,
  days: 90,
})

let folder: string
beforeAll(async () => {
  folder = await temporaryFolder('pki-tls')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

let count = 0
const file = async (text: string): Promise<string> => {
  const path = join(folder, `${++count}.pem`)
  await writeFile(path, text, { mode: 0o600 })
  return path
}

const verify = async (authority: string, leaf: string, ...options: readonly string[]): Promise<string> => {
  const args = [
    'verify',
    '-x509_strict',
    '-check_ss_sig',
    ...options,
    '-CAfile',
    await file(authority),
    await file(leaf),
  ]
  const { stdout } = await run('openssl', args, inTime(20_000))
  return stdout.trim().split(': ').at(-1) ?? ''
}

describe('openssl verify -x509_strict', () => {
  test.each(['scheduler', 'worker'] as const)('takes the %s as server and as client', async role => {
    const { certificate } = bundle[role]
    expect(await verify(bundle.authority.certificate, certificate, '-purpose', 'sslserver')).toBe('OK')
    expect(await verify(bundle.authority.certificate, certificate, '-purpose', 'sslclient')).toBe('OK')
  })

  test('takes the client as client alone', async () => {
    const { certificate } = bundle.client
    expect(await verify(bundle.authority.certificate, certificate, '-purpose', 'sslclient')).toBe('OK')
    await expect(verify(bundle.authority.certificate, certificate, '-purpose', 'sslserver')).rejects.toThrow(
      'purpose',
    )
  })

  test('takes old and new leaves under the old and the renewed authority', async () => {
    const renewed = renewAuthority(bundle.authority, { now: Date.now(), days: 365 })
    const young = issueLeaf(renewed, { ...anIdentity, role: 'worker', now: Date.now(), days: 90 })
    for (const { certificate } of [bundle.authority, renewed])
      for (const leaf of [bundle.worker, young])
        expect(await verify(certificate, leaf.certificate)).toBe('OK')
  })

  test('takes whatever keys and serial numbers the dice give', async () => {
    const many = Array.from({ length: 25 }, () => createBundle(anIdentity, Date.now()))
    for (const { authority, worker } of many)
      expect(await verify(authority.certificate, worker.certificate)).toBe('OK')
  })

  test('refuses a leaf of another authority of the same name', async () => {
    await expect(verify(bundle.authority.certificate, stranger.worker.certificate)).rejects.toThrow(
      'verification failed',
    )
  })
})

interface Side {
  readonly ca: string
  readonly own: Credential | undefined
}

const cases: readonly {
  readonly given: string
  readonly client: Side
  readonly name?: string
  readonly want: string
}[] = [
  {
    given: 'the cluster’s client',
    client: { ca: bundle.authority.certificate, own: bundle.client },
    want: 'hello',
  },
  { given: 'a worker', client: { ca: bundle.authority.certificate, own: bundle.worker }, want: 'hello' },
  { given: 'no certificate', client: { ca: bundle.authority.certificate, own: undefined }, want: 'refused' },
  {
    given: 'another authority',
    client: { ca: bundle.authority.certificate, own: stranger.client },
    want: 'refused',
  },
  { given: 'an expired one', client: { ca: bundle.authority.certificate, own: expired }, want: 'refused' },
  {
    given: 'trust in another',
    client: { ca: stranger.authority.certificate, own: bundle.client },
    want: 'refused',
  },
  {
    given: 'another name',
    client: { ca: bundle.authority.certificate, own: bundle.client },
    name: 'x.internal',
    want: 'refused',
  },
]

describe('Node', () => {
  test.each(cases)('a client with $given: $want', async ({ client, name, want }) => {
    const server = createServer({
      ca: bundle.authority.certificate,
      cert: bundle.scheduler.certificate,
      key: bundle.scheduler.key,
      requestCert: true,
      rejectUnauthorized: true,
    })
    server.on('secureConnection', socket => socket.on('error', () => undefined).end('hello'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = address !== null && typeof address === 'object' ? address.port : 0
    const socket = connect({
      host: '127.0.0.1',
      port,
      servername: name ?? serverName,
      ca: client.ca,
      ...(client.own === undefined ? {} : { cert: client.own.certificate, key: client.own.key }),
    })
    expect(await said(socket)).toBe(want)
    server.close()
  })
})

/** What the other side says before it closes, or that it refused. */
async function said(socket: TLSSocket): Promise<string> {
  const chunks: string[] = []
  socket.setEncoding('utf8').on('data', (text: string) => chunks.push(text))
  try {
    await once(socket, 'end', inTime(10_000))
    return chunks.join('') || 'refused'
  } catch {
    return 'refused'
  } finally {
    socket.destroy()
  }
}

/** Both ends in one process; VERIFY_X509_STRICT is Python 3.13's default. */
const python = `
import socket, ssl, sys, threading
server_ca, server_crt, server_key, client_ca, client_crt, client_key, name = sys.argv[1:]
def context(side, ca, crt, key):
    ctx = ssl.SSLContext(side)
    ctx.verify_mode = ssl.CERT_REQUIRED
    ctx.verify_flags |= ssl.VERIFY_X509_STRICT
    ctx.load_verify_locations(ca)
    if crt != "-":
        ctx.load_cert_chain(crt, key)
    return ctx
server = context(ssl.PROTOCOL_TLS_SERVER, server_ca, server_crt, server_key)
client = context(ssl.PROTOCOL_TLS_CLIENT, client_ca, client_crt, client_key)
listener = socket.create_server(("127.0.0.1", 0))
listener.settimeout(10)
def serve():
    raw, _ = listener.accept()
    raw.settimeout(10)
    try:
        with server.wrap_socket(raw, server_side=True) as tls:
            tls.sendall(b"hello")
    except (ssl.SSLError, OSError) as error:
        print("server:", error, file=sys.stderr)
thread = threading.Thread(target=serve)
thread.start()
try:
    with socket.create_connection(listener.getsockname(), 10) as raw:
        with client.wrap_socket(raw, server_hostname=name) as tls:
            print(tls.recv(5).decode() or "refused")
except (ssl.SSLError, OSError) as error:
    print("client:", error, file=sys.stderr)
    print("refused")
thread.join()
`

const files = async (ca: string, own: Credential | undefined): Promise<string[]> =>
  own === undefined
    ? [await file(ca), '-', '-']
    : [await file(ca), await file(own.certificate), await file(own.key)]

describe('Python, strictly', () => {
  test.each(cases)('a client with $given: $want', async ({ client, name, want }) => {
    const args = [
      ...(await files(bundle.authority.certificate, bundle.scheduler)),
      ...(await files(client.ca, client.own)),
      name ?? serverName,
    ]
    const { stdout } = await run('python3', ['-c', python, ...args], inTime(20_000))
    expect(stdout.trim()).toBe(want)
  })
})
