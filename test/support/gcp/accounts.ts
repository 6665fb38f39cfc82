import { generateKeyPairSync, randomBytes } from 'node:crypto'
import type { Account, World } from './world.ts'

/** What a Secret holds for a service account, as Google's console writes it. */
export interface KeyFile {
  readonly type: 'service_account'
  readonly project_id: string
  readonly private_key_id: string
  readonly private_key: string
  readonly client_email: string
  readonly client_id: string
  readonly token_uri: string
}

interface Wish {
  readonly name: string
  readonly project: string
  readonly may?: 'all' | ReadonlySet<string>
}

/** A service account of a project, with rights in it and no key yet. */
export function addAccount(world: World, { name, project, may = 'all' }: Wish): Account {
  const email = `${name}@${project}.iam.gserviceaccount.com`
  const account: Account = {
    email,
    keys: new Map(),
    grants: new Map([[project, may]]),
    impersonators: new Set(),
    actsAs: may === 'all' ? 'all' : new Set(),
  }
  world.accounts.set(email, account)
  world.project(project)
  return account
}

/** A new key: its private half is nowhere but in what is answered. */
export function addKey({ email, keys }: Account, tokenUri: string): KeyFile {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const id = randomBytes(20).toString('hex')
  keys.set(id, { publicKey, isRevoked: false })
  return {
    type: 'service_account',
    project_id: email.split(/[@.]/)[1] ?? '',
    private_key_id: id,
    private_key: privateKey,
    client_email: email,
    client_id: '100000000000000000000',
    token_uri: tokenUri,
  }
}

/** Takes an account's keys away, and what was given for them. */
export function revokeKeys({ tokens }: World, { email, keys }: Account): void {
  for (const key of keys.values()) key.isRevoked = true
  for (const [token, { email: of }] of tokens) if (of === email) tokens.delete(token)
}
