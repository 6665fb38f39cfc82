import type { CertificatesView } from '../model/certificates.ts'
import type { Finding } from '../model/status.ts'
import type { World } from '../model/world.ts'
import type { Outcome } from './act.ts'
import { isShutIn, restartAdvice } from './expiry-findings.ts'
import { rolling } from './rotation-findings.ts'
import { no, type Verdict } from './verdict.ts'

type Valid = Extract<CertificatesView, { kind: 'valid' }>

/** Whether there are certificates to work with; nothing is said where the cluster is to have none. */
export function certificatesReady(world: World, outcomes: readonly Outcome[]): readonly Verdict[] {
  const { certificates, cluster } = world
  const failure = outcomes.find(each => each.kind === 'failed' && each.action.type === 'issue-certificates')
  if (failure?.kind === 'failed') return [no('IssueFailed', failure.problem)]
  switch (certificates.kind) {
    case 'valid':
      if (cluster.tls.kind === 'disabled') return []
      return [rolling(certificates) ?? validity(certificates, cluster.tls.kind)]
    case 'missing':
    case 'removed':
      return [no('Missing', 'No certificates yet.')]
    case 'broken':
      return [no('Broken', `${certificates.problem}; they are made anew.`)]
    case 'foreign':
      return [
        no(
          'ForeignSecret',
          `Secret ${certificates.secret} is there and is not this cluster's. It is not touched: rename or delete it, or give the cluster another name.`,
        ),
      ]
    case 'refused':
      return [no(certificates.reason, `${sentence(certificates.problem)}${adviceFor(world)}`)]
    case 'awaited':
      return [no('Awaited', sentence(certificates.problem))]
    case 'silent':
      return [{ status: 'Unknown', reason: 'Unreadable', message: certificates.problem }]
    default:
      return certificates satisfies never
  }
}

/** Whom good certificates alone do not help. */
const adviceFor = (world: World): string =>
  isShutIn(world)
    ? ` Nobody can connect to the scheduler any more; connections that are open go on. Only a new scheduler can take good ones, once they are there: ${restartAdvice(world)}`
    : ''

const words = {
  generated: { reason: 'Issued', message: 'The authority and all certificates are stored and valid.' },
  provided: { reason: 'Provided', message: 'The certificates that were provided are good.' },
  issuer: { reason: 'Issued', message: 'The certificates that cert-manager has issued are good.' },
} as const

function validity(
  { concern, notAfter }: Valid,
  mode: Exclude<World['cluster']['tls']['kind'], 'disabled'>,
): Verdict {
  if (concern === undefined) return { status: 'True', ...words[mode] }
  const until = `the cluster has certificates until ${new Date(notAfter).toISOString()}`
  if (concern.reason === 'ExpiresSoon')
    return { status: 'True', reason: concern.reason, message: sentence(concern.problem) }
  return no(concern.reason, `${sentence(concern.problem)} Meanwhile ${until}.`)
}

/** It stays for as long as it is so: nobody is to find out by accident. */
export function encryptionDisabled({ cluster }: World): readonly Finding[] {
  if (cluster.tls.kind !== 'disabled') return []
  const message =
    'security.tls.mode is Disabled: what this cluster sends can be read on its way, and whoever reaches its ports runs code on its machines.'
  return [{ type: 'EncryptionDisabled', status: 'True', reason: 'Requested', message }]
}

/** Requests for new certificates, where nobody here makes any. */
export function renewalIgnored({ cluster }: World): readonly Finding[] {
  const { tls, renewal, name } = cluster
  const asked = [
    ...((renewal?.leaves ?? '') === '' ? [] : ['cloud.dask.org/renew']),
    ...((renewal?.authority ?? '') === '' ? [] : ['cloud.dask.org/renew-authority']),
  ]
  if (tls.kind === 'generated' || asked.length === 0) return []
  const what = `${asked.join(' and ')} ${asked.length === 1 ? 'has' : 'have'} no effect with security.tls.mode`
  const message = `${what} ${insteadOf(tls, name)} Take the annotation away.`
  return [{ type: 'RenewalIgnored', status: 'True', reason: 'MadeElsewhere', message }]
}

function insteadOf(tls: Exclude<World['cluster']['tls'], { kind: 'generated' }>, name: string): string {
  switch (tls.kind) {
    case 'provided': {
      const secrets = [...new Set(Object.values(tls.secrets))]
      return `Provided: replace what is in Secret ${secrets.join(', ')}, ca.crt too for another authority. It is seen within a minute.`
    }
    case 'issuer':
      return `Issuer: have cert-manager renew the Certificates ${name}-scheduler-tls, ${name}-worker-tls and ${name}-client-tls (cmctl renew), or change security.tls.issuerRef for another authority.`
    case 'disabled':
      return 'Disabled: there are no certificates.'
    default:
      return tls satisfies never
  }
}

const sentence = (text: string): string => (text.endsWith('.') ? text : `${text}.`)
