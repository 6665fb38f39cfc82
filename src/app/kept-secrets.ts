import type { SecretPlace } from '../pki/secret.ts'
import { credentialIn, isOurs, type StoredSecret, type StoredSecrets } from '../pki/stored.ts'

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
