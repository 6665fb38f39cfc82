import { prefixOf } from '../lib/cidr.ts'
import { object } from './schema/containers.ts'
import { choice, text } from './schema/scalars.ts'
import { matching, optional, type Rule } from './schema/schema.ts'
import { secretRef } from './secret-ref-schema.ts'

const certificateOf = (role: string) =>
  secretRef(`A Secret as for secretRef, with the certificate and key of ${role} alone.`)

const secretRefs = object({
  description:
    'In place of secretRef: a Secret for each role, so that no machine has the key of another role. Each may have an ' +
    'authority of its own, as long as all of them take one another.',
  others: 'refused',
  fields: {
    scheduler: certificateOf('the scheduler'),
    worker: certificateOf('the workers'),
    client: certificateOf('clients'),
  },
})

const issuerRef = object({
  description:
    'The issuer of cert-manager that is asked for the certificates: by one Certificate for each role in the namespace of the cluster. Another one may take its place.',
  others: 'refused',
  fields: {
    name: text({
      description: 'The name of the issuer.',
      min: 1,
      max: 253,
      rules: [
        matching(
          /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/,
          'must be the name of an issuer: lower case letters, digits, - and .',
        ),
      ],
    }),
    kind: text({
      description:
        'Issuer, of the same namespace, or ClusterIssuer; for issuers of other groups what they are called.',
      min: 1,
      max: 63,
      default: 'Issuer',
      rules: [matching(/^[A-Za-z][A-Za-z0-9]*$/, 'must be a kind, for example Issuer or ClusterIssuer')],
    }),
    group: text({
      description: 'The API group of the issuer.',
      min: 1,
      max: 253,
      default: 'cert-manager.io',
      rules: [
        matching(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'must be an API group, for example cert-manager.io'),
      ],
    }),
  },
})

const fieldsOf = {
  mode: choice({
    description:
      'Where certificates come from. Generated: an authority of this cluster alone, made and renewed by the operator. ' +
      'Provided: from Secrets of yours (secretRef or secretRefs). Issuer: from cert-manager (issuerRef). Disabled: there ' +
      'are none, nothing is encrypted, and whoever reaches port 8786 runs code on the machines; it is refused where network.exposure is ' +
      'Public and network.allowedCIDRs names nobody or too many, but on local and simulated, which no network leads to. It cannot change afterwards.',
    values: ['Generated', 'Provided', 'Issuer', 'Disabled'],
    default: 'Generated',
    rules: [
      {
        cel: 'self == oldSelf',
        message:
          'security.tls.mode cannot change, since machines and clients of the cluster hold what it has now; create a new cluster instead',
      },
    ],
  }),
  secretRef: optional(
    secretRef(
      'With mode Provided: a Secret of the same namespace with ca.crt, tls.crt and tls.key (PEM), for all roles. It carries ' +
        'the label cloud.dask.org/purpose: certificates. Replacing what is in it renews the certificates.',
    ),
  ),
  secretRefs: optional(secretRefs),
  issuerRef: optional(issuerRef),
} as const

interface Sources {
  readonly mode: string
  readonly secretRef?: unknown
  readonly secretRefs?: unknown
  readonly issuerRef?: unknown
}

const rules: readonly Rule<Sources>[] = [
  {
    cel: "(self.mode == 'Provided') == (has(self.secretRef) || has(self.secretRefs))",
    message:
      'mode Provided needs the certificates: name a Secret in secretRef, or one for each role in secretRefs; with any other mode leave both out',
    holds: ({ mode, secretRef: one, secretRefs: each }) =>
      (mode === 'Provided') === (one !== undefined || each !== undefined),
  },
  {
    cel: '!has(self.secretRef) || !has(self.secretRefs)',
    message: 'name one Secret for all roles in secretRef, or one for each in secretRefs, not both',
    holds: ({ secretRef: one, secretRefs: each }) => one === undefined || each === undefined,
  },
  {
    cel: "(self.mode == 'Issuer') == has(self.issuerRef)",
    message: 'mode Issuer needs issuerRef, the issuer of cert-manager; with any other mode leave it out',
    holds: ({ mode, issuerRef: issuer }) => (mode === 'Issuer') === (issuer !== undefined),
  },
]

export const security = object({
  description: 'How the machines of the cluster and its clients know each other.',
  others: 'refused',
  default: {},
  fields: {
    tls: object({
      description: 'Mutual TLS between scheduler, workers, clients and the operator.',
      others: 'refused',
      default: { mode: 'Generated' },
      fields: fieldsOf,
      rules,
    }),
  },
})

/** Where Disabled is let be public: to ranges that somebody has named, none of them this wide. */
const narrowest = { v4: 8, v6: 16 }

interface Guarded {
  /** Undefined where a class has it, which is read once that is filled in. */
  readonly cloud?: { readonly name: string }
  readonly network: { readonly exposure: string; readonly allowedCIDRs: readonly string[] }
  readonly security: { readonly tls: { readonly mode: string } }
}

/** A rule of the whole spec: it compares security with network. */
export const guardsPlainTraffic: Rule<Guarded> = {
  cel:
    "self.security.tls.mode != 'Disabled' || !has(self.cloud) || has(self.cloud.local) || has(self.cloud.simulated) || (has(self.network.exposure) && self.network.exposure == 'Private') || " +
    '(has(self.network.allowedCIDRs) && size(self.network.allowedCIDRs) > 0 && self.network.allowedCIDRs.all(range, ' +
    `cidr(range).prefixLength() >= (cidr(range).ip().family() == 4 ? ${narrowest.v4} : ${narrowest.v6})))`,
  message:
    'without TLS, whoever reaches the scheduler runs code on the machines: on any cloud but local and simulated, set network.exposure to ' +
    `Private, or name who may reach it in network.allowedCIDRs, with prefixes of at least /${narrowest.v4} (IPv6: /${narrowest.v6})`,
  holds: ({ cloud, network: { exposure, allowedCIDRs }, security: { tls } }) =>
    tls.mode !== 'Disabled' ||
    cloud === undefined ||
    ['local', 'simulated'].includes(cloud.name) ||
    exposure === 'Private' ||
    (allowedCIDRs.length > 0 && allowedCIDRs.every(isNarrow)),
}

/** Another rule of the whole spec. */
export const guardsDashboard: Rule<{
  readonly security: Guarded['security']
  readonly dashboard: { readonly expose: boolean }
}> = {
  cel: "self.security.tls.mode != 'Disabled' || !self.dashboard.expose",
  message:
    'the dashboard is shown behind mutual TLS alone: leave dashboard.expose out, or choose another security.tls.mode',
  holds: ({ dashboard, security: { tls } }) => tls.mode !== 'Disabled' || !dashboard.expose,
}

const isNarrow = (range: string): boolean =>
  prefixOf(range) >= (range.includes(':') ? narrowest.v6 : narrowest.v4)
