import type { Boot } from '../../src/bootstrap/boot.ts'
import { clusterUid, type Role } from '../../src/model/names.ts'
import { createBundle } from '../../src/pki/bundle.ts'

export const identity = {
  uid: clusterUid('3f1e2d3c-1a2b-4c3d-8e4f-5a6b7c8d9e0f'),
  name: 'demo',
  namespace: 'team-a',
}
export const bundle = createBundle(identity, Date.now())

/** A boot with real certificates; the private key is new in every process. */
export function aBoot(role: Role, changes: Partial<Boot> = {}): Boot {
  const { certificate: cert, key } = bundle[role]
  return {
    role,
    group: { threads: undefined, memory: undefined, resources: {} },
    software: {
      kind: 'python',
      pythonVersion: undefined,
      packages: ['dask==2026.8.0', 'distributed==2026.8.0'],
    },
    env: {},
    certificates: { ca: bundle.authority.certificate, cert, key },
    scheduler: {
      internal: { host: '10.0.0.7', port: 8786 },
      external: { host: '203.0.113.7', port: 8786 },
    },
    limits: { deathTimeoutS: 300, idleTimeoutS: undefined },
    ...changes,
  }
}
