import type { Call } from '../lib/call.ts'
import { isRecord, record, text } from '../lib/parse.ts'
import { isKubeError } from './fault.ts'
import type { SecretRef } from './secrets.ts'
import type { KubeRequests } from './transport.ts'

/** A `Certificate` of cert-manager to be written: `metadata` names it. */
export interface WantedCertificate {
  readonly metadata: SecretRef
}

/** One as Kubernetes has it. */
export interface IssuedCertificate {
  readonly uid: string
  readonly labels: Readonly<Record<string, unknown>>
  /** What cert-manager says of it in its condition Ready, or undefined where it has not looked at it. */
  readonly ready: { readonly isTrue: boolean; readonly message: string } | undefined
}

const query = { fieldManager: 'dask-cloud-operator', force: 'true' }

/** cert-manager's requests for certificates, one by one. Throws a KubeError; 404 where cert-manager is not installed. */
export class IssuedCertificates {
  readonly #kube: KubeRequests

  constructor(kube: KubeRequests) {
    this.#kube = kube
  }

  /** Undefined where there is none, or no cert-manager. */
  async read(ref: SecretRef, call: Call): Promise<IssuedCertificate | undefined> {
    try {
      return parseCertificate(await this.#kube.request({ method: 'GET', path: pathOf(ref) }, call))
    } catch (error) {
      if (isKubeError(error, 404)) return undefined
      throw error
    }
  }

  /** By server-side apply: it is there as wished afterwards, whether or not it was before. */
  async apply(certificate: WantedCertificate, call: Call): Promise<void> {
    const contentType = 'application/apply-patch+yaml'
    const path = pathOf(certificate.metadata)
    await this.#kube.request({ method: 'PATCH', path, query, body: certificate, contentType }, call)
  }

  /** This very one, and none that came after it. What is gone is no error. */
  async remove(ref: SecretRef, uid: string, call: Call): Promise<void> {
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid } }
    try {
      await this.#kube.request({ method: 'DELETE', path: pathOf(ref), body }, call)
    } catch (error) {
      if (!isKubeError(error, 404, 409)) throw error
    }
  }
}

function parseCertificate(raw: unknown): IssuedCertificate {
  const certificate = record(raw, 'certificate')
  const metadata = record(certificate['metadata'], 'metadata')
  const status = isRecord(certificate['status']) ? certificate['status'] : {}
  const conditions: readonly unknown[] = Array.isArray(status['conditions']) ? status['conditions'] : []
  const ready = conditions.filter(isRecord).find(({ type }) => type === 'Ready')
  return {
    uid: text(metadata['uid'], 'metadata.uid'),
    labels: isRecord(metadata['labels']) ? metadata['labels'] : {},
    ready: ready && {
      isTrue: ready['status'] === 'True',
      message: typeof ready['message'] === 'string' ? ready['message'] : '',
    },
  }
}

const pathOf = ({ namespace, name }: SecretRef): string =>
  `/apis/cert-manager.io/v1/namespaces/${namespace}/certificates/${name}`
