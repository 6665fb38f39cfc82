import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { connectKube, type KubeOptions, type KubeTransport } from '../../src/kube/transport.ts'
import { isRecord, list, record, text } from '../../src/lib/parse.ts'
import { poll } from '../../src/lib/wait.ts'
import { type Authority, nameOf } from '../../src/pki/authority.ts'
import { type Credential, certify, leafConstraints, leafKeyUsage, purposes } from '../../src/pki/x509.ts'
import { base64 } from './pki-fixture.ts'

export type Fields = Readonly<Record<string, unknown>>

/** A folder of the test's own, and files in it that are replaced as a whole. */
export async function folder() {
  const path = await mkdtemp(join(tmpdir(), 'kube-user-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  const write = async (name: string, content: string | Fields, mode = 0o600): Promise<string> => {
    const file = join(path, name)
    await writeFile(`${file}.new`, typeof content === 'string' ? content : JSON.stringify(content), { mode })
    await rename(`${file}.new`, file)
    return file
  }
  return { path, write }
}

/** A kubeconfig of one context, `c`. */
export const kubeconfigOf = (cluster: Fields, user: Fields): Fields => ({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'cluster', cluster }],
  users: [{ name: 'ada', user }],
  contexts: [{ name: 'c', context: { cluster: 'cluster', user: 'ada', namespace: 'team-a' } }],
  'current-context': 'c',
})

/** A client certificate for the user `name`, good from a minute ago. */
export function clientCertificate(authority: Authority, name: string, lifeMs = 3_600_000): Credential {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const issuerKey = createPrivateKey(authority.key)
  const certificate = certify({
    subject: name,
    subjectKey: publicKey,
    issuer: nameOf(authority.certificate),
    issuerKey,
    issuerPublicKey: createPublicKey(issuerKey),
    notBefore: Date.now() - 60_000,
    notAfter: Date.now() + lifeMs,
    extensions: [leafConstraints(), leafKeyUsage(), purposes(['clientAuth'])],
    random: undefined,
  })
  return { certificate, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
}

export interface Self {
  readonly name: string
  readonly groups: readonly unknown[]
  /** Tells tokens of one ServiceAccount apart. */
  readonly credential: string
}

/** Whom the API server takes us for. */
export async function whoAmI(kube: KubeTransport, call: { readonly signal: AbortSignal }): Promise<Self> {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
  const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
  const answer = record(await kube.request({ method: 'POST', path, body }, call), 'review')
  const user = record(record(answer['status'], 'status')['userInfo'], 'userInfo')
  const extra = isRecord(user['extra']) ? user['extra'] : {}
  return {
    name: text(user['username'], 'username'),
    groups: list(user['groups'] ?? [], 'groups'),
    credential: JSON.stringify(extra['authentication.kubernetes.io/credential-id'] ?? ''),
  }
}

/**
 * A credential plugin, a real program: prints the file `answer` as it is, notes each run, its settings and its complaint, and does what
 * the file `manner` says (`fail`, `hang`).
 */
const pluginScript = `#!/bin/sh
cd "$(dirname "$0")"
echo "$KUBERNETES_EXEC_INFO" >> runs
echo "$PLUGIN_WORD $*" > words
case "$(cat manner 2>/dev/null)" in
  fail) echo "no session for $PLUGIN_WORD" >&2; exit 3 ;;
  hang) sleep 600 ;;
esac
cat answer
`

export const execCredential = (status: Fields, apiVersion = 'client.authentication.k8s.io/v1'): Fields => ({
  kind: 'ExecCredential',
  apiVersion,
  status,
})

/** Seconds from now, as the API writes times. */
export const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1_000).toISOString()

export async function plugin(at: Awaited<ReturnType<typeof folder>>, extra: Fields = {}) {
  await at.write('plugin.sh', pluginScript, 0o700)
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: './plugin.sh',
    args: ['--for', 'tests'],
    env: [{ name: 'PLUGIN_WORD', value: 'open-sesame' }],
    interactiveMode: 'IfAvailable',
    ...extra,
  }
  return { exec, gives: (status: Fields) => at.write('answer', execCredential(status)) }
}

export const inside = (authority: string): Fields => ({ 'certificate-authority-data': base64(authority) })

/** Over the options alone: nothing of this process's environment. */
export async function connected(options: KubeOptions): Promise<KubeTransport> {
  const kube = await connectKube({ env: {}, ...options })
  onTestFinished(() => kube[Symbol.asyncDispose]())
  return kube
}

/** A watch of ConfigMaps, and the names it has told of. */
export async function watching(kube: KubeTransport, namespace: string) {
  const path = `/api/v1/namespaces/${namespace}/configmaps`
  const answer = await kube.request(
    { method: 'GET', path, query: { limit: 1 } },
    { signal: AbortSignal.timeout(30_000) },
  )
  const metadata = isRecord(answer) && isRecord(answer['metadata']) ? answer['metadata'] : {}
  const query = { watch: true, resourceVersion: String(metadata['resourceVersion']) }
  const names: unknown[] = []
  const stop = new AbortController()
  const end = (async () => {
    for await (const frame of kube.stream({ method: 'GET', path, query, idleMs: 60_000 }, stop)) {
      if (frame.kind === 'opened') continue
      const value = frame.kind === 'frame' ? frame.value : undefined
      const object = isRecord(value) && isRecord(value['object']) ? value['object'] : {}
      names.push(isRecord(object['metadata']) ? object['metadata']['name'] : undefined)
    }
  })().catch((error: unknown) => error)
  onTestFinished(async () => {
    stop.abort(new Error('the test is over'))
    await end
  })
  return { names, end }
}

/** Asks until the API server takes us for the one that is meant. */
export const seenAs = (kube: KubeTransport, isMeant: (self: Self) => boolean, ms = 8_000): Promise<Self> => {
  const look = async (): Promise<Self | undefined> => {
    const self = await whoAmI(kube, { signal: AbortSignal.timeout(30_000) })
    return isMeant(self) ? self : undefined
  }
  return poll(look, 50, { signal: AbortSignal.timeout(ms) })
}
