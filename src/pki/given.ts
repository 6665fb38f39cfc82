import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'

import {
  type GivenSecret,
  keys,
  type Link,
  Refusal,
  refuse,
  refuseStranger,
  subjectOf,
} from './given-refusals.ts'
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

export type Read =
  | ({ readonly kind: 'good'; readonly given: Given } & Ends)
  /** For a person: which Secret, which key of it, what is wrong and what to do. It holds nothing of the Secret's values. */
  | { readonly kind: 'bad'; readonly problem: string }

/** Of the certificate that ends first, with those it is signed by. Milliseconds since the epoch. */
export interface Ends {
  readonly notAfter: number
  readonly renewAt: number
  /** Which it is and where it stands, to begin a sentence with. */
  readonly first: string
}

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
      verifiers[holder].flatMap(verifier => chainOf({ holder, verifier, secrets, read, now })),
    )
    for (const role of leafRoles) checkAuthorities(secrets[role], own[role])
    return { kind: 'good', given: givenOf(read), ...endsOf(chains) }
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

function blocksOf(secret: GivenSecret): Blocks {
  const text = (name: string): string =>
    secret.texts[name] ?? refuse(secret, name, 'is missing: add it, as PEM')
  const authorities = [...new Set(certificatesIn(secret, keys.authority, text(keys.authority)))]
  const chain = certificatesIn(secret, keys.certificate, text(keys.certificate))
  return { authorities, chain, key: keyIn(secret, text(keys.key)) }
}

function certificatesIn(secret: GivenSecret, name: keyof typeof keyAdvice, text: string): readonly string[] {
  if (/PRIVATE KEY-----/.test(text)) refuse(secret, name, `holds a private key, ${keyAdvice[name]}`)
  const blocks = certificateBlocks(text)
  if (blocks.length === 0)
    refuse(secret, name, 'holds no certificate: write it as PEM (-----BEGIN CERTIFICATE-----)')
  if (blocks.length > maxBlocks)
    refuse(secret, name, `holds ${blocks.length} certificates: leave at most ${maxBlocks}`)
  return blocks.map(
    (block, at) =>
      canonical(block) ??
      refuse(secret, name, `certificate ${at + 1} cannot be read: write it as it was issued, as PEM`),
  )
}

/** An authority's key signs for anybody: no part of the Secret has a use for it. */
const keyAdvice = {
  [keys.authority]: 'which every peer would be shown: keep it out of the Secret',
  [keys.certificate]: `which every peer would be shown: keep that in ${keys.key} alone`,
} as const

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
function chainOf({ holder, verifier, secrets, read, now }: Meeting): readonly Link[] {
  const [leaf = '', ...shown] = read[holder].chain
  const { certificates: path, isWhole } = pathOf(leaf, { trusted: read[verifier].authorities, shown, now })
  const linkOf = (certificate: X509Certificate): Link => {
    const isShown = read[holder].chain.includes(certificate.toString())
    const key = isShown ? keys.certificate : keys.authority
    return { certificate, holder, secret: secrets[isShown ? holder : verifier], key }
  }
  const stopAt = (certificate: X509Certificate, problem: string | undefined): void => {
    if (problem === undefined) return
    const { secret, key } = linkOf(certificate)
    refuse(secret, key, `${subjectOf(certificate)} ${problem}`)
  }
  if (!isWhole) refuseStranger(secrets[holder], secrets[verifier], path.map(linkOf))
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
  return path.map(linkOf)
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

const ends = ({ certificate }: Link): number => lifetimeOf(certificate).notAfter

function endsOf(links: readonly Link[]): Ends {
  const [first] = links.toSorted((a, b) => ends(a) - ends(b))
  if (first === undefined) throw new TypeError('no certificates were given')
  const { certificate, secret, key } = first
  const text = certificate.toString()
  const holders = leafRoles.filter(role =>
    links.some(each => each.holder === role && each.certificate.toString() === text),
  )
  return {
    notAfter: ends(first),
    renewAt: renewAt(lifetimeOf(certificate)),
    first: `Secret ${secret.name}, ${key}: ${subjectOf(certificate)} (${holders.join(', ')})`,
  }
}
