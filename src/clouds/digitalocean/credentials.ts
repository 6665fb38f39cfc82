import { ParseError } from '../../lib/parse.ts'
import type { SecretData } from '../contract.ts'

/** The key of the Secret that `spec.credentialsSecretRef` names. */
const key = 'token'

export interface DigitalOceanCredentials {
  readonly token: string
}

/** Throws a ParseError that names the key and never a value. */
export function parseCredentials(secret: SecretData, path: string): DigitalOceanCredentials {
  const odd = Object.keys(secret).find(each => each !== key)
  if (odd !== undefined)
    throw new ParseError(`${path}.${odd.slice(0, 60)}`, `is not known here: the Secret has ${key} alone`)
  const token = secret[key]?.trim() ?? ''
  if (token === '')
    throw new ParseError(`${path}.${key}`, 'is missing: the Secret needs a personal access token')
  // It goes into a header: a line break in it would be another header.
  if (!/^\w{1,512}$/.test(token))
    throw new ParseError(`${path}.${key}`, 'is no token: a token has letters, digits and _ alone')
  return { token }
}

/** Where the operator's own token is, as DigitalOcean's own tool reads it. */
export const ownTokenVariable = 'DIGITALOCEAN_ACCESS_TOKEN'
