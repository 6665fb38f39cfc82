import type { RefusedSpec } from './refused-specs.ts'
import { openTo, tls } from './specs.ts'

const name = { name: 'mine' }
const each = { scheduler: name, worker: name, client: name }

/** Certificates from nowhere, from two places, and none at all where anybody may come. */
export const securityRows: readonly RefusedSpec[] = [
  {
    given: 'certificates of one’s own and no Secret',
    patch: tls({ mode: 'Provided' }),
    path: 'spec.security.tls',
    says: /mode Provided needs the certificates: name a Secret in secretRef/,
  },
  ...['Generated', 'Disabled', 'Issuer'].map(mode => ({
    given: `a Secret with mode ${mode}`,
    patch: tls({ mode, secretRef: name, ...(mode === 'Issuer' ? { issuerRef: name } : {}) }),
    path: 'spec.security.tls',
    says: /with any other mode leave both out/,
  })),
  {
    given: 'one Secret for all roles and one for each',
    patch: tls({ mode: 'Provided', secretRef: name, secretRefs: each }),
    path: 'spec.security.tls',
    says: /name one Secret for all roles in secretRef, or one for each in secretRefs, not both/,
  },
  {
    given: 'a Secret for two of three roles',
    patch: tls({ mode: 'Provided', secretRefs: { scheduler: name, worker: name } }),
    path: 'spec.security.tls.secretRefs.client',
    says: /Required value|must be an object, found nothing/,
  },
  ...['a/b', '../b', 'A', 'kube-system/b', ''].map(bad => ({
    given: `the Secret ${JSON.stringify(bad)}`,
    patch: tls({ mode: 'Provided', secretRef: { name: bad } }),
    path: 'spec.security.tls.secretRef.name',
    says: /must be the name of a Secret|at least 1 char/,
  })),
  {
    given: 'an issuer that nobody names',
    patch: tls({ mode: 'Issuer' }),
    path: 'spec.security.tls',
    says: /mode Issuer needs issuerRef/,
  },
  {
    given: 'an issuer with certificates of our own',
    patch: tls({ issuerRef: name }),
    path: 'spec.security.tls',
    says: /with any other mode leave it out/,
  },
  {
    given: 'a mode that is none',
    patch: tls({ mode: 'Off' }),
    path: 'spec.security.tls.mode',
    says: /Generated.*Provided.*Issuer.*Disabled/,
  },
  {
    given: 'a dashboard without TLS',
    patch: { ...tls({ mode: 'Disabled' }), dashboard: { expose: true } },
    path: 'spec',
    says: /the dashboard is shown behind mutual TLS alone/,
  },
  ...[[], ['0.0.0.0/0'], ['203.0.113.0/24', '0.0.0.0/1'], ['::/0'], ['2000::/3']].map(allowedCIDRs => ({
    given: `no TLS, open to ${allowedCIDRs.join(' and ') || 'nobody that is named'}`,
    patch: openTo(allowedCIDRs),
    path: 'spec',
    says: /without TLS, whoever reaches the scheduler runs code on the machines/,
  })),
]
