import type { IssuerRef } from '../model/cluster.ts'
import { type LeafRole, leafNames, leafPurposes } from './identity.ts'
import { labelsOf, ownerOf, type SecretPlace, type SecretRef } from './secret.ts'

/** Under what name cert-manager is asked for a role's certificate, and stores it. */
export const issuedRef = (role: LeafRole, { identity }: SecretPlace): SecretRef => ({
  namespace: identity.namespace,
  name: `${identity.name}-${role}-tls`,
})

const usages = { serverAuth: 'server auth', clientAuth: 'client auth' } as const

/**
 * The `Certificate` of cert-manager.io/v1 for a role: a new key with every renewal, at two thirds of ninety days, and a
 * Secret that says what it is for.
 */
export function certificateRequest(role: LeafRole, place: SecretPlace, { name, kind, group }: IssuerRef) {
  const metadata = issuedRef(role, place)
  const dnsNames = leafNames(role, place.identity)
  const labels = labelsOf(role, place)
  return {
    apiVersion: 'cert-manager.io/v1',
    kind: 'Certificate',
    metadata: { ...metadata, labels, ownerReferences: [ownerOf(place)] },
    spec: {
      secretName: metadata.name,
      secretTemplate: { labels: { ...labels, 'cloud.dask.org/purpose': 'certificates' } },
      commonName: dnsNames[0],
      dnsNames,
      duration: '2160h0m0s',
      renewBefore: '720h0m0s',
      privateKey: { algorithm: 'ECDSA', size: 256, encoding: 'PKCS8', rotationPolicy: 'Always' },
      usages: ['digital signature', ...leafPurposes[role].map(purpose => usages[purpose])],
      issuerRef: { name, kind, group },
    },
  }
}
