import { createPrivateKey, X509Certificate } from 'node:crypto'

import { certificateBlocks } from './pem.ts'
import { derived, renderPkcs12 } from './pkcs12.ts'
import type { SecretPlace } from './secret.ts'
import type { StoredSecret } from './stored.ts'
import type { Credential } from './x509.ts'

const fileNames = ['client.p12', 'client.p12.password'] as const

/** The client's certificate as a browser imports it, with its key and its authority, and the password that it asks for. */
export type BrowserFiles = Readonly<Record<(typeof fileNames)[number], Uint8Array>>

/** What the client's Secret holds for browsers: nothing unless one is to be used. The same for the same certificate and key. */
export function browserFiles(
  client: Credential,
  authority: string,
  { identity, forBrowsers }: SecretPlace,
): BrowserFiles | Readonly<Record<string, never>> {
  if (forBrowsers !== true) return {}
  const key = createPrivateKey(client.key).export({ type: 'pkcs8', format: 'der' })
  // A certificate that is renewed for the same key keeps the password that somebody may have noted.
  const password = derived(key, Buffer.alloc(0), 'password', 16).toString('hex')
  const certificates = [...certificatesIn(client.certificate), ...certificatesIn(authority)]
  const name = `dask ${identity.namespace}/${identity.name}`
  return {
    'client.p12': renderPkcs12({ certificates, key, name, password }),
    'client.p12.password': Buffer.from(password),
  }
}

/** What is wrong with those in a Secret whose certificate and key are good, or undefined. */
export function browserFault(
  stored: StoredSecret | undefined,
  ...made: Parameters<typeof browserFiles>
): string | undefined {
  const wanted = new Map(Object.entries(browserFiles(...made)))
  const isAlike = fileNames.every(
    file =>
      stored?.data?.[file] === (wanted.get(file) && Buffer.from(wanted.get(file) ?? '').toString('base64')),
  )
  if (isAlike) return undefined
  return wanted.size > 0
    ? 'client.p12 is not its present certificate and key'
    : 'client.p12 is there and no browser has a use for it'
}

const certificatesIn = (pem: string): readonly Uint8Array[] =>
  certificateBlocks(pem).map(each => new X509Certificate(each).raw)
