import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'

import { type LeafRole, leafPurposes, leafRoles } from './identity.ts'
import { lifetimeOf, renewAt } from './lifetime.ts'
import { issueProblem, pathOf } from './path.ts'
import { certificateBlocks } from './pem.ts'
import { type Standing, strictProblem } from './strictness.ts'

/** What one role presents and whom it trusts, all PEM: an authority or several, a certificate with what is between, its key. */
export interface GivenLeaf {
  readonly ca: string
  readonly certificate: string
  readonly key: string
}

export type Given = Readonly<Record<LeafRole, GivenLeaf>>

/** A user's Secret and what stands in it. */
export interface GivenSecret {
  readonly name: string
  readonly texts: Readonly<Record<string, string>>
}

export type Read =
  | { readonly kind: 'good'; readonly given: Given; readonly notAfter: number; readonly renewAt: number }
  /** For a person: which Secret, which key of it, what is wrong and what to do. It holds nothing of the Secret's values. */
  | { readonly kind: 'bad'; readonly problem: string }

/** A refusal on its way to who asked. */
class Refusal extends Error {}

interface Blocks {
  readonly authorities: readonly string[]
  readonly chain: readonly string[]
  readonly key: string
}

/**
 * Reads and checks the certificates of all roles as strictly as any machine will, before there is one. `trust`: whether each
 * role trusts the authorities of its own Secret, or all of them those of all three. `now` in milliseconds since the epoch.
 */
export function readGiven(
  secrets: Readonly<Record<LeafRole, GivenSecret>>,
  now: number,
  trust: 'own' | 'shared' = 'own',
): Read {
  try {
    const own = {
      scheduler: blocksOf(secrets.scheduler),
      worker: blocksOf(secrets.worker),
      client: blocksOf(secrets.client),
    }
    const read = trust === 'own' ? own : shared(own)
    for (const role of leafRoles) checkKey(secrets[role], read[role])
    const chains = leafRoles.flatMap(holder =>
      verifiers[holder].map(verifier => chainOf({ holder, verifier, secrets, read, now })),
    )
    for (const role of leafRoles) checkAuthorities(secrets[role], own[role])
    return { kind: 'good', given: givenOf(read), ...lifetimeOfAll(chains.flat()) }
  } catch (error) {
    if (error instanceof Refusal) return { kind: 'bad', problem: error.message }
    throw error
  }
}

/** Who looks at whose certificate: workers ask one another and the scheduler, clients the scheduler alone. */
const verifiers = {
  scheduler: ['scheduler', 'worker', 'client'],
  worker: ['worker', 'scheduler'],
  client: ['client', 'scheduler'],
} as const satisfies Record<LeafRole, readonly LeafRole[]>

const keys = { authority: 'ca.crt', certificate: 'tls.crt', key: 'tls.key' } as const

function blocksOf(secret: GivenSecret): Blocks {
  const text = (name: string): string =>
    secret.texts[name] ?? refuse(secret, name, 'is missing: add it, as PEM')
  const authorities = [...new Set(certificatesIn(secret, keys.authority, text(keys.authority)))]
  const chain = certificatesIn(secret, keys.certificate, text(keys.certificate))
  return { authorities, chain, key: keyIn(secret, text(keys.key)) }
}

function certificatesIn(secret: GivenSecret, name: string, text: string): readonly string[] {
  if (/PRIVATE KEY-----/.test(text))
    refuse(
      secret,
      name,
      `holds a private key, which every peer would be shown: keep that in ${keys.key} alone`,
    )
  const blocks = certificateBlocks(text)
  if (blocks.length === 0)
    refuse(secret, name, 'holds no certificate: write it as PEM (-----BEGIN CERTIFICATE-----)')
  if (blocks.length > maxBlocks)
    refuse(secret, name, `holds ${blocks.length} certificates: leave at most ${maxBlocks}`)
  return blocks.map(
    (block, at) => canonical(block) ?? refuse(secret, name, `certificate ${at + 1} cannot be read`),
  )
}

/** What a machine's user data, which some clouds keep to 16 KiB, could still hold. */
export const maxBlocks = 10

function canonical(block: string): string | undefined {
  try {
    return new X509Certificate(block).toString()
  } catch {
    return undefined
  }
}

function keyIn(secret: GivenSecret, text: string): string {
  if (/ENCRYPTED/.test(text))
    refuse(secret, keys.key, 'is encrypted: store it without a passphrase, since machines start alone')
  try {
    return createPrivateKey(text).export({ type: 'pkcs8', format: 'pem' }).toString()
  } catch {
    return refuse(secret, keys.key, 'is no private key: write it as PEM (-----BEGIN PRIVATE KEY-----)')
  }
}

function checkKey(secret: GivenSecret, { chain, key }: Blocks): void {
  const [leaf = ''] = chain
  if (!createPublicKey(key).equals(new X509Certificate(leaf).publicKey))
    refuse(secret, keys.key, `is not the key of ${keys.certificate}: store the two that were made together`)
}

/** Python leaves out what is none as it loads `ca.crt`, and no machine would ever tell that it trusts all that it was given. */
function checkAuthorities(secret: GivenSecret, { authorities }: Blocks): void {
  const stranger = authorities.map(pem => new X509Certificate(pem)).find(({ ca }) => !ca)
  if (stranger !== undefined)
    refuse(
      secret,
      keys.authority,
      `${subjectOf(stranger)} is no certificate authority (basicConstraints CA:TRUE, keyUsage keyCertSign), so no machine would load it: take it out`,
    )
}

function shared(own: Readonly<Record<LeafRole, Blocks>>): Readonly<Record<LeafRole, Blocks>> {
  const authorities = [...new Set(leafRoles.flatMap(role => own[role].authorities))]
  const { scheduler, worker, client } = own
  return {
    scheduler: { ...scheduler, authorities },
    worker: { ...worker, authorities },
    client: { ...client, authorities },
  }
}

interface Meeting {
  readonly holder: LeafRole
  readonly verifier: LeafRole
  readonly secrets: Readonly<Record<LeafRole, GivenSecret>>
  readonly read: Readonly<Record<LeafRole, Blocks>>
  readonly now: number
}

/** The certificates from the holder's up to an authority that the verifier trusts, each of them checked. */
function chainOf({ holder, verifier, secrets, read, now }: Meeting): readonly X509Certificate[] {
  const [leaf = '', ...shown] = read[holder].chain
  const { certificates: path, isWhole } = pathOf(leaf, { trusted: read[verifier].authorities, shown, now })
  const stopAt = (certificate: X509Certificate, problem: string | undefined): void => {
    if (problem === undefined) return
    const isShown = read[holder].chain.includes(certificate.toString())
    const where = isShown ? keys.certificate : keys.authority
    refuse(secrets[isShown ? holder : verifier], where, `${subjectOf(certificate)} ${problem}`)
  }
  if (!isWhole) refuseStranger({ holder, verifier, secrets }, path)
  path.forEach((certificate, at) => {
    const standing: Standing = {
      kind: at === 0 ? 'leaf' : at === path.length - 1 ? 'authority' : 'intermediate',
      below: Math.max(0, at - 1),
      purposes: leafPurposes[holder],
      now,
    }
    stopAt(certificate, strictProblem(certificate.toString(), standing))
  })
  path.slice(1).forEach((issuer, at) => {
    const certificate = path[at] ?? issuer
    stopAt(certificate, issueProblem(certificate, issuer))
  })
  return path
}

function refuseStranger(
  { holder, verifier, secrets }: Pick<Meeting, 'holder' | 'verifier' | 'secrets'>,
  path: readonly X509Certificate[],
): never {
  const [own, other] = [secrets[holder], secrets[verifier]]
  const whose = own.name === other.name ? keys.authority : `${keys.authority} of Secret ${other.name}`
  const last = path.at(-1)
  return refuse(
    own,
    keys.certificate,
    `${last === undefined ? 'its certificate' : subjectOf(last)} was not signed by any certificate of ${whose}: add the authority there up to its root, and what is between to ${keys.certificate}`,
  )
}

/** As the certificate calls itself, on one line and not too long. */
const subjectOf = ({ subject, serialNumber }: X509Certificate): string =>
  `the certificate of ${(subject ?? '').replaceAll(/\n/g, ', ').slice(0, 80) || `serial number ${serialNumber}`}`

const refuse = ({ name }: GivenSecret, key: string, what: string): never => {
  throw new Refusal(`Secret ${name}, ${key}: ${what}`)
}

const givenOf = ({ scheduler, worker, client }: Readonly<Record<LeafRole, Blocks>>): Given => ({
  scheduler: leafOf(scheduler),
  worker: leafOf(worker),
  client: leafOf(client),
})

const leafOf = ({ authorities, chain, key }: Blocks): GivenLeaf => ({
  ca: authorities.join(''),
  certificate: chain.join(''),
  key,
})

/** Of whichever ends first. */
function lifetimeOfAll(all: readonly X509Certificate[]): {
  readonly notAfter: number
  readonly renewAt: number
} {
  const [first] = all.map(lifetimeOf).toSorted((a, b) => a.notAfter - b.notAfter)
  if (first === undefined) throw new TypeError('no certificates were given')
  return { notAfter: first.notAfter, renewAt: renewAt(first) }
}
