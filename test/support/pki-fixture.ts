import { clusterUid, installationId } from '../../src/model/names.ts'
import { createBundle } from '../../src/pki/bundle.ts'
import type { ClusterIdentity } from '../../src/pki/identity.ts'
import { certificatesView, inspectSecrets } from '../../src/pki/inspect.ts'
import { type Secret, type SecretPlace, secretsOf } from '../../src/pki/secret.ts'
import type { StoredSecrets } from '../../src/pki/stored.ts'

export const dayMs = 86_400_000
export const now = Date.parse('2026-11-24T12:00:00Z')
export const address = 'tls://203.0.113.7:8786'

export const anIdentity: ClusterIdentity = {
  uid: clusterUid('0f1e2d3c-1a2b-4c3d-8e4f-5a6b7c8d9e0f'),
  name: 'demo',
  namespace: 'team-a',
}

export const place: SecretPlace = {
  identity: anIdentity,
  operatorNamespace: 'dask-operator',
  installation: installationId('installation-1'),
  owner: { apiVersion: 'cloud.dask.org/v1alpha1', kind: 'DaskCloudCluster' },
}

export const bundle = createBundle(anIdentity, now)
export const good = secretsOf(bundle, place, address)
/** As good, and of another authority. */
export const strange = secretsOf(createBundle(anIdentity, now), place, address)

export const inspected = (stored: StoredSecrets, at = now) =>
  inspectSecrets(stored, { ...place, now: at, schedulerAddress: address })

export const view = (stored: StoredSecrets, at = now) => certificatesView(inspected(stored, at), place)

export const base64 = (text: string): string => Buffer.from(text).toString('base64')

export const withData = (secret: Secret, data: Readonly<Record<string, string>>): Secret => ({
  ...secret,
  data: { ...secret.data, ...data },
})

export const withLabel = (secret: Secret, label: string, value: string): Secret => ({
  ...secret,
  metadata: { ...secret.metadata, labels: { ...secret.metadata.labels, [label]: value } },
})

export const withLeaf = (
  part: 'scheduler' | 'worker' | 'client',
  { certificate, key } = bundle[part],
): Secret => withData(good[part], { 'tls.crt': base64(certificate), 'tls.key': base64(key) })
