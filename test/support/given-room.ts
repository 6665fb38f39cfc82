import { Certificates } from '../../src/app/certificates.ts'
import { GivenCertificates } from '../../src/app/given-certificates.ts'
import { Issuing } from '../../src/app/issuing.ts'
import { KubeError } from '../../src/kube/fault.ts'
import { type IssuedCertificate, issuerText } from '../../src/kube/issued-certificates.ts'
import type { StoredSecret } from '../../src/kube/secrets.ts'
import type { Tls } from '../../src/model/cluster.ts'
import { installationId } from '../../src/model/names.ts'
import type { certificateRequest } from '../../src/pki/issuing.ts'
import type { Secret, SecretRef } from '../../src/pki/secret.ts'
import { aCluster } from './a-world.ts'
import type { Texts } from './openssl-authority.ts'

export const call = { signal: new AbortController().signal }
export const address = 'tls://203.0.113.7:8786'
export const installation = installationId('ours')
const marked = { 'cloud.dask.org/purpose': 'certificates' }
const mine = { name: 'mine', namespace: 'team-a' }
export const keyOf = ({ namespace, name }: SecretRef): string => `${namespace}/${name}`
const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** An API server's Secrets, in memory, with versions, and what cert-manager is asked for; time is driven. */
export function aRoom(
  tls: Tls = { kind: 'provided', secrets: { scheduler: 'mine', worker: 'mine', client: 'mine' } },
) {
  const secrets = new Map<string, StoredSecret>()
  const clock = { now: Date.now(), isShut: false }
  let version = 0
  const write = async ({
    metadata,
    data,
  }: Pick<Secret, 'data'> & { metadata: SecretRef & { labels?: object } }) => {
    const common = {
      uid: keyOf(metadata),
      resourceVersion: String(++version),
      annotations: {},
      finalizers: [],
    }
    const labels = Object.fromEntries(Object.entries(metadata.labels ?? {}))
    const stored = { ...common, ...metadata, labels, ownerReferences: [], isDeleting: false }
    const secret = { metadata: stored, type: 'Opaque', data }
    secrets.set(keyOf(metadata), secret)
    return secret
  }
  const read = async (ref: SecretRef) => secrets.get(keyOf(ref))
  const remove = async (ref: SecretRef) => void secrets.delete(keyOf(ref))
  const now = (): number => clock.now
  const asked = new Map<string, IssuedCertificate>()
  const certificates = {
    read: async (ref: SecretRef) => asked.get(keyOf(ref)),
    apply: async ({ metadata, spec }: ReturnType<typeof certificateRequest>) =>
      void asked.set(keyOf(metadata), {
        uid: 'asked',
        labels: metadata.labels,
        issuer: issuerText(spec.issuerRef),
        ready: undefined,
        issuing: undefined,
      }),
    remove: async (ref: SecretRef) => void asked.delete(keyOf(ref)),
  }
  const issuing = new Issuing({ certificates, secrets: { read, remove }, now })
  const reader = {
    read: async (ref: SecretRef) => {
      if (clock.isShut) throw new KubeError({ status: 403, reason: 'Forbidden' }, 'no right to get secrets')
      return read(ref)
    },
  }
  const given = new GivenCertificates({ reader, issuing, now, wall: now, notify: () => undefined })
  const store = {
    own: (name: string) => secrets.get(`ops/${name}`),
    get: read,
    put: (secret: Secret) => write(secret),
    remove,
  }
  const cluster = { ...aCluster({}), tls }
  return {
    cluster,
    secrets,
    asked,
    certificates: new Certificates({ store, operatorNamespace: 'ops', installation, now, given }),
    give: (texts: Texts, labels: object = marked, name = mine.name) =>
      write({
        metadata: { ...mine, name, labels },
        data: Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, base64(text)])),
      }),
    /** Whether the tenant's Secrets may be read. */
    shut: (isShut: boolean): void => void (clock.isShut = isShut),
    pass: (ms: number): void => void (clock.now += ms),
  }
}

export const place = {
  identity: aCluster({}),
  operatorNamespace: 'ops',
  installation,
  owner: { apiVersion: 'x/v1', kind: 'X' },
}
