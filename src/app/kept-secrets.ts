import type { CertificatesView } from '../model/certificates.ts'
import { CloudError } from '../model/faults.ts'
import { certificatesView, type InspectionContext, inspectSecrets } from '../pki/inspect.ts'
import { type SecretPlace, secretParts } from '../pki/secret.ts'
import { credentialIn, isOurs, type StoredSecret, type StoredSecrets } from '../pki/stored.ts'
import type { Look } from './copies.ts'

/** All answers, or the first failure, once none of them is under way any more. */
export async function allOf<T>(work: readonly Promise<T>[]): Promise<readonly T[]> {
  await Promise.allSettled(work)
  return Promise.all(work)
}

export const isKept = (secret: StoredSecret | undefined, place: SecretPlace): boolean =>
  secret !== undefined && isOurs(secret, place)

/** A part that is gone or spoilt is taken from memory, where it was good. */
export function withRemembered(
  stored: StoredSecrets,
  good: StoredSecrets | undefined,
  place: SecretPlace,
): StoredSecrets {
  if (good === undefined) return stored
  const isSame =
    stored.authority !== undefined &&
    isOurs(stored.authority, place) &&
    certificateOf(stored) === certificateOf(good)
  return isSame ? stored : { ...stored, ...good }
}

const certificateOf = ({ authority }: StoredSecrets): string =>
  credentialIn(authority, 'authority').certificate

export function isSameVersion(one: StoredSecret | undefined, other: StoredSecret | undefined): boolean {
  if (one === other) return true
  const [a, b] = [one?.metadata, other?.metadata]
  return a?.uid !== undefined && a.uid === b?.uid && a.resourceVersion === b.resourceVersion
}

/**
 * Throws where the API server's answers are not what was written: the next look would find them bad and write them again,
 * with every pass, and do nothing else.
 */
export function checkAsWritten(answers: StoredSecrets, context: InspectionContext): void {
  const view = certificatesView(inspectSecrets(answers, context), context)
  if (view.kind !== 'broken') return
  const problem = `The Secrets are not as they were written: ${view.problem}.`
  throw new CloudError('conflict', `${problem} Look for an admission webhook that changes Secrets.`)
}

/** What was found good, until it is due. */
export interface Judged extends Look {
  readonly view: Extract<CertificatesView, { kind: 'valid' }>
}

/** The same versions of the same Secrets, however often they were read: whatever was written anew is looked at anew. */
export const isSameLook = (
  { view, ...before }: Judged,
  { stored, address, forBrowsers }: Look,
  now: number,
): boolean =>
  before.address === address &&
  before.forBrowsers === forBrowsers &&
  now < Math.min(view.renewAt, view.notAfter) &&
  secretParts.every(part => isSameVersion(before.stored[part], stored[part]))
