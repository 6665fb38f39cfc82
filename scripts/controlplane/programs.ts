import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type Authority, createAuthority } from '../../src/pki/authority.ts'

export interface Ports {
  readonly etcd: number
  readonly peer: number
  readonly api: number
}

/** Where a control plane keeps its things. */
export interface Layout {
  readonly directory: string
  readonly token: string
  readonly ports: Ports
}

const host = '127.0.0.1'

/** Three ports that were free a moment ago: whoever binds them must be ready to try others. */
export async function freePorts(): Promise<Ports> {
  const servers = [createServer(), createServer(), createServer()]
  const ports = await Promise.all(servers.map(listen))
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))))
  const [etcd = 0, peer = 0, api = 0] = ports
  return { etcd, peer, api }
}

function listen(server: ReturnType<typeof createServer>): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, host, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
}

/** Writes what the programs read at start: the administrator's token, the key of service account tokens, users' authority. */
export async function layOut(directory: string, ports: Ports): Promise<Layout> {
  await mkdir(join(directory, 'certificates'), { recursive: true, mode: 0o700 })
  const token = randomBytes(24).toString('hex')
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const users = createAuthority({ name: 'users', now: Date.now(), days: 365 })
  await Promise.all([
    keep(usersAuthorityPath(directory), `${users.certificate}${users.key}`),
    write(auditPolicyPath(directory), JSON.stringify(auditPolicy)),
    write(join(directory, 'tokens.csv'), `${token},admin,admin,system:masters\n`),
    keep(
      join(directory, 'service-accounts.key'),
      privateKey.export({ type: 'sec1', format: 'pem' }).toString(),
    ),
    keep(
      join(directory, 'service-accounts.pub'),
      publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    ),
  ])
  return { directory, token, ports }
}

export function etcdFlags({ directory, ports }: Layout): readonly string[] {
  const client = `http://${host}:${ports.etcd}`
  const peer = `http://${host}:${ports.peer}`
  return [
    `--data-dir=${join(directory, 'etcd')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    '--unsafe-no-fsync',
    '--log-level=warn',
  ]
}

export function apiServerFlags({ directory, ports }: Layout): readonly string[] {
  return [
    `--etcd-servers=http://${host}:${ports.etcd}`,
    `--bind-address=${host}`,
    `--advertise-address=${host}`,
    '--endpoint-reconciler-type=none',
    `--secure-port=${ports.api}`,
    // Its own authority and certificate for 127.0.0.1 are made here at first start and kept.
    `--cert-dir=${join(directory, 'certificates')}`,
    // Of client certificates: their common name is the user.
    `--client-ca-file=${usersAuthorityPath(directory)}`,
    `--token-auth-file=${join(directory, 'tokens.csv')}`,
    '--authorization-mode=RBAC',
    '--service-cluster-ip-range=10.0.0.0/16',
    `--service-account-key-file=${join(directory, 'service-accounts.pub')}`,
    `--service-account-signing-key-file=${join(directory, 'service-accounts.key')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    // No kubelet runs here, so no pod could mount a token.
    '--disable-admission-plugins=ServiceAccount',
    // As OpenShift has it: whoever writes owner references must be allowed to.
    '--enable-admission-plugins=OwnerReferencesPermissionEnforcement',
    `--audit-policy-file=${auditPolicyPath(directory)}`,
    `--audit-log-path=${auditLogPath(directory)}`,
    '--shutdown-delay-duration=0s',
  ]
}

export function controllerManagerFlags({ directory }: Layout): readonly string[] {
  return [
    `--kubeconfig=${kubeconfigPath(directory)}`,
    '--controllers=garbagecollector,namespace,serviceaccount,clusterrole-aggregation',
    '--leader-elect=false',
    '--secure-port=0',
    `--service-account-private-key-file=${join(directory, 'service-accounts.key')}`,
  ]
}

export const urlOf = ({ ports }: Layout): string => `https://${host}:${ports.api}`
export const kubeconfigPath = (directory: string): string => join(directory, 'kubeconfig')
export const authorityOf = ({ directory }: Layout): Promise<string> =>
  readFile(join(directory, 'certificates', 'apiserver.crt'), 'utf8')

/** What ServiceAccounts have asked for, one JSON object a line: verbs and resources, and nothing of what is inside. */
export const auditLogPath = (directory: string): string => join(directory, 'audit.log')
const auditPolicyPath = (directory: string): string => join(directory, 'audit-policy.json')

const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata', userGroups: ['system:serviceaccounts'] }, { level: 'None' }],
}

/** Certificate and key in one file: who can read it may be anybody. */
const usersAuthorityPath = (directory: string): string => join(directory, 'users.pem')

export async function usersAuthorityOf({ directory }: Layout): Promise<Authority> {
  const pem = await readFile(usersAuthorityPath(directory), 'utf8')
  const at = pem.indexOf('-----BEGIN PRIVATE KEY-----')
  return { certificate: pem.slice(0, at), key: pem.slice(at) }
}

/** The administrator's, with the authority's certificate inside: the file can be copied anywhere on this machine. */
export async function writeKubeconfig(layout: Layout): Promise<string> {
  const path = kubeconfigPath(layout.directory)
  const authority = Buffer.from(await authorityOf(layout)).toString('base64')
  const name = 'dask-cloud-operator'
  await write(
    path,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': name,
      clusters: [{ name, cluster: { server: urlOf(layout), 'certificate-authority-data': authority } }],
      users: [{ name, user: { token: layout.token } }],
      contexts: [{ name, context: { cluster: name, user: name, namespace: 'default' } }],
    }),
  )
  return path
}

const write = (path: string, text: string): Promise<void> => writeFile(path, text, { mode: 0o600 })

/** A directory that is used again keeps its keys. */
async function keep(path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600, flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
}
