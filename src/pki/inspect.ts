import { X509Certificate } from 'node:crypto'

import type { CertificatesView } from '../model/certificates.ts'
import { browserFault } from './browser-files.ts'
import { ageProblem, authorityProblem, leafProblem } from './chain.ts'
import { renderDaskYaml } from './dask-yaml.ts'
import type { LeafRole } from './identity.ts'
import { lifetimeOf, renewAt } from './lifetime.ts'
import { isOutdated, trustOf } from './rotation.ts'
import { type SecretPart, type SecretPlace, secretParts, secretRef } from './secret.ts'
import { credentialIn, isOurs, type StoredSecret, type StoredSecrets, textIn } from './stored.ts'
import { rotationIn } from './stored-rotation.ts'

/** What one Secret is good for. Problems are words for a person and hold nothing of the Secret. */
export type SecretCondition =
  | { readonly kind: 'missing' }
  | { readonly kind: 'broken'; readonly problem: string }
  /** It bears our name and is somebody else's: it is neither read nor written. */
  | { readonly kind: 'foreign' }
  /** Times in milliseconds since the epoch, Infinity for never. */
  | { readonly kind: 'valid'; readonly notAfter: number; readonly renewAt: number }

/** Of the Secrets that the cluster is to have. */
export type Inspection = Readonly<Partial<Record<SecretPart, SecretCondition>>>

export interface InspectionContext extends SecretPlace {
  /** Milliseconds since the epoch. */
  readonly now: number
  /** What the client's `dask.yaml` must say, or undefined while nobody knows: then it is not looked at. */
  readonly schedulerAddress: string | undefined
}

export function inspectSecrets(stored: StoredSecrets, context: InspectionContext): Inspection {
  const authority = inspectOne(stored.authority, context, () => authorityFault(stored.authority, context))
  const leaf = (role: LeafRole): SecretCondition =>
    inspectOne(stored[role], context, () =>
      authority.kind === 'valid'
        ? leafFault(stored, role, context)
        : 'its authority has to be put in order first',
    )
  return { authority, scheduler: leaf('scheduler'), worker: leaf('worker'), client: leaf('client') }
}

/** All of them together, as a plan sees them. */
export function certificatesView(inspection: Inspection, place: SecretPlace): CertificatesView {
  const all = secretParts.flatMap(part => {
    const condition = inspection[part]
    return condition === undefined ? [] : [{ part, condition }]
  })
  const foreign = all.find(({ condition }) => condition.kind === 'foreign')
  if (foreign !== undefined) return { kind: 'foreign', secret: shownRef(foreign.part, place) }
  if (all.every(({ condition }) => condition.kind === 'missing')) return { kind: 'missing' }
  const problems = all.flatMap(({ part, condition }) => problemOf(condition, shownRef(part, place)))
  if (problems.length > 0) return { kind: 'broken', problem: problems.join('; ') }
  const valid = all.flatMap(({ condition }) => (condition.kind === 'valid' ? [condition] : []))
  return {
    kind: 'valid',
    notAfter: Math.min(...valid.map(({ notAfter }) => notAfter)),
    renewAt: Math.min(...valid.map(condition => condition.renewAt)),
  }
}

export function inspectOne(
  secret: StoredSecret | undefined,
  context: SecretPlace,
  fault: () => string | SecretCondition,
): SecretCondition {
  if (secret === undefined) return { kind: 'missing' }
  if (!isOurs(secret, context)) return { kind: 'foreign' }
  const found = fault()
  return typeof found === 'string' ? { kind: 'broken', problem: found } : found
}

function authorityFault(
  secret: StoredSecret | undefined,
  { identity, now }: InspectionContext,
): string | SecretCondition {
  const credential = credentialIn(secret, 'authority')
  const problem = authorityProblem(credential, identity)
  if (problem !== undefined) return problem
  const certificate = new X509Certificate(credential.certificate)
  return ageProblem(certificate, 'ca.crt', now) ?? validity(certificate)
}

function leafFault(
  stored: StoredSecrets,
  role: LeafRole,
  context: InspectionContext,
): string | SecretCondition {
  const { identity, now, schedulerAddress } = context
  const authority = credentialIn(stored.authority, 'authority').certificate
  const leaf = credentialIn(stored[role], role)
  const problem = leafProblem(leaf, role, { authority, identity, now })
  if (problem !== undefined) return problem
  const rotation = rotationIn(stored.authority, identity)
  const trust = trustOf({ authority: credentialIn(stored.authority, 'authority'), rotation })
  if (textIn(stored[role], 'ca.crt') !== trust) return 'ca.crt is not the authority’s present certificate'
  if (role === 'client' && !yamlFits(textIn(stored.client, 'dask.yaml'), schedulerAddress))
    return 'dask.yaml does not say where the scheduler is'
  const fault = role === 'client' ? browserFault(stored.client, leaf, trust, context) : undefined
  if (fault !== undefined) return fault
  const found = new X509Certificate(leaf.certificate)
  return isOutdated(found, rotation) ? 'tls.crt is older than was asked for' : validity(found)
}

const yamlFits = (found: string, schedulerAddress: string | undefined): boolean =>
  schedulerAddress === undefined ? found !== '' : found === renderDaskYaml({ schedulerAddress })

function validity(certificate: X509Certificate): SecretCondition {
  const times = lifetimeOf(certificate)
  return { kind: 'valid', notAfter: times.notAfter, renewAt: renewAt(times) }
}

function problemOf(condition: SecretCondition, secret: string): readonly string[] {
  if (condition.kind === 'missing') return [`the Secret ${secret} is missing`]
  return condition.kind === 'broken' ? [`the Secret ${secret}: ${condition.problem}`] : []
}

function shownRef(part: SecretPart, place: SecretPlace): string {
  const { namespace, name } = secretRef(part, place)
  return `${namespace}/${name}`
}
