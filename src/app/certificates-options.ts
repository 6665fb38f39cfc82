import type { Call } from '../lib/call.ts'
import type { InstallationId } from '../model/names.ts'
import type { Secret, SecretRef } from '../pki/secret.ts'
import type { StoredSecret } from '../pki/stored.ts'
import type { GivenCertificates } from './given-certificates.ts'

/** The API server's Secrets, as far as they are needed here. */
export interface SecretStore {
  /** From the watch of the operator's own namespace. */
  own(name: string): StoredSecret | undefined
  /** A live read of one Secret; undefined where there is none. */
  get(ref: SecretRef, call: Call): Promise<StoredSecret | undefined>
  /** Creates, or replaces what `expected` was; throws where it changed meanwhile. */
  put(secret: Secret, expected: StoredSecret | undefined, call: Call): Promise<StoredSecret>
  /** Deletes one of ours; gone already is as good. */
  remove(ref: SecretRef, expected: StoredSecret, call: Call): Promise<void>
}

export interface CertificatesOptions {
  readonly store: SecretStore
  readonly operatorNamespace: string
  readonly installation: InstallationId
  readonly now: () => number
  /** Where certificates come from that no authority of ours makes. */
  readonly given: GivenCertificates
}

/** A certificate authority, a certificate and its key, all PEM. */
export interface Presented {
  readonly ca: string
  readonly cert: string
  readonly key: string
}
