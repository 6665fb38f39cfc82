import type { Call } from '../lib/call.ts'
import { isRecord, record, text } from '../lib/parse.ts'
import type { IssuerRef } from '../model/cluster.ts'
import { type ObjectRef, Objects } from './objects.ts'
import type { KubeRequests } from './transport.ts'

/** A `Certificate` of cert-manager to be written: `metadata` names it. */
export interface WantedCertificate {
  readonly metadata: ObjectRef
}

/** One as Kubernetes has it. */
export interface IssuedCertificate {
  readonly uid: string
  readonly labels: Readonly<Record<string, unknown>>
  /** Who is asked for it: its reference as text, name, kind and group. */
  readonly issuer: string
  /** What cert-manager says of it in its condition Ready, or undefined where it has not looked at it. */
  readonly ready: Said | undefined
  /** The same of Issuing: where that is not true, why the last attempt has failed. */
  readonly issuing: Said | undefined
}

interface Said {
  readonly isTrue: boolean
  readonly message: string
}

/** cert-manager's requests for certificates, one by one. Throws a KubeError; 404 where cert-manager is not installed. */
export class IssuedCertificates {
  readonly #objects: Objects

  constructor(kube: KubeRequests) {
    this.#objects = new Objects(kube, { base: '/apis/cert-manager.io/v1', plural: 'certificates' })
  }

  /** Undefined where there is none, or no cert-manager. */
  async read(ref: ObjectRef, call: Call): Promise<IssuedCertificate | undefined> {
    const found = await this.#objects.read(ref, call)
    return found === undefined ? undefined : parseCertificate(found)
  }

  /** By server-side apply: it is there as wished afterwards, whether or not it was before. */
  async apply(certificate: WantedCertificate, call: Call): Promise<void> {
    await this.#objects.apply(certificate.metadata, certificate, call)
  }

  /** This very one, and none that came after it. What is gone is no error. */
  remove(ref: ObjectRef, uid: string, call: Call): Promise<void> {
    return this.#objects.remove(ref, uid, call)
  }
}

function parseCertificate(raw: unknown): IssuedCertificate {
  const certificate = record(raw, 'certificate')
  const metadata = record(certificate['metadata'], 'metadata')
  const status = isRecord(certificate['status']) ? certificate['status'] : {}
  const conditions: readonly unknown[] = Array.isArray(status['conditions']) ? status['conditions'] : []
  const said = (wanted: string): Said | undefined => {
    const found = conditions.filter(isRecord).find(({ type }) => type === wanted)
    return found && { isTrue: found['status'] === 'True', message: textIn(found, 'message') }
  }
  const spec = isRecord(certificate['spec']) ? certificate['spec'] : {}
  const issuer = isRecord(spec['issuerRef']) ? spec['issuerRef'] : {}
  return {
    uid: text(metadata['uid'], 'metadata.uid'),
    labels: isRecord(metadata['labels']) ? metadata['labels'] : {},
    issuer: issuerText({
      name: textIn(issuer, 'name'),
      kind: textIn(issuer, 'kind'),
      group: textIn(issuer, 'group'),
    }),
    ready: said('Ready'),
    issuing: said('Issuing'),
  }
}

/** As it is compared. */
export const issuerText = ({ name, kind, group }: IssuerRef): string => `${group}/${kind}/${name}`

const textIn = (from: Readonly<Record<string, unknown>>, name: string): string => {
  const value = from[name]
  return typeof value === 'string' ? value : ''
}
