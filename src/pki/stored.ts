import { managedBy, type Secret, type SecretPart, type SecretPlace, secretLabels } from './secret.ts'
import type { Credential } from './x509.ts'

/** As much of a Secret as is read here; `data` is base64, as Kubernetes gives it. */
export interface StoredSecret {
  readonly metadata?:
    | {
        /** Which Secret it is and in which state: a write to any other is refused. */
        readonly uid?: string | undefined
        readonly resourceVersion?: string | undefined
        readonly labels?: Readonly<Record<string, string>> | undefined
        readonly ownerReferences?:
          | readonly { readonly uid: string; readonly controller?: boolean | undefined }[]
          | undefined
      }
    | undefined
  readonly data?: Readonly<Record<string, string>> | undefined
}

/** A cluster's Secrets as Kubernetes has them; what is not there is absent or undefined. */
export type StoredSecrets = { readonly [Part in SecretPart]?: StoredSecret | undefined }

/** Whether a Secret that bears one of our names is ours: of this installation and of this very cluster. */
export function isOurs({ metadata }: StoredSecret, { identity, installation }: SecretPlace): boolean {
  const labels = metadata?.labels ?? {}
  const otherOwner = metadata?.ownerReferences?.some(owner => owner.controller && owner.uid !== identity.uid)
  return (
    otherOwner !== true &&
    labels[secretLabels.managedBy] === managedBy &&
    labels[secretLabels.uid] === identity.uid &&
    labels[secretLabels.installation] === installation
  )
}

/** The certificate and key in a Secret, empty where there is none. */
export function credentialIn(secret: StoredSecret | undefined, part: SecretPart): Credential {
  const own = part === 'authority' ? 'ca' : 'tls'
  return { certificate: textIn(secret, `${own}.crt`), key: textIn(secret, `${own}.key`) }
}

export const textIn = (secret: StoredSecret | undefined, key: string): string =>
  Buffer.from(secret?.data?.[key] ?? '', 'base64').toString('utf8')

/** Whether a stored Secret holds what is wanted and nothing else; under a `loose` key anything will do. */
export function isAlike(
  { data }: Secret,
  found: StoredSecret | undefined,
  loose: readonly string[] = [],
): boolean {
  const old = found?.data ?? {}
  const keys = Object.keys(data)
  return (
    found !== undefined &&
    keys.length === Object.keys(old).length &&
    keys.every(key => (loose.includes(key) ? old[key] !== undefined : old[key] === data[key]))
  )
}
