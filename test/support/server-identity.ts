import { createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import tls from 'node:tls'
import { temporaryFolder } from '../../scripts/remains.ts'
import { createAuthority, nameOf } from '../../src/pki/authority.ts'
import { certify, commonName, dnsNames, leafConstraints, leafKeyUsage, purposes } from '../../src/pki/x509.ts'

export interface ServerIdentity {
  /** In PEM: whom clients have to trust. */
  readonly authority: string
  readonly cert: string
  readonly key: string
}

const dayMs = 86_400_000

/** A certificate for `localhost`, of an authority of its own: the clouds' libraries speak to nobody without one. */
export function aServerIdentity(now = Date.now()): ServerIdentity {
  const authority = createAuthority({ name: 'simulated cloud', now, days: 2 })
  const issuerKey = createPrivateKey(authority.key)
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const cert = certify({
    subject: commonName('localhost'),
    subjectKey: publicKey,
    issuer: nameOf(authority.certificate),
    issuerKey,
    issuerPublicKey: createPublicKey(issuerKey),
    notBefore: now - 60_000,
    notAfter: Math.min(now + dayMs, new X509Certificate(authority.certificate).validToDate.getTime()),
    extensions: [leafConstraints(), leafKeyUsage(), purposes(['serverAuth']), dnsNames(['localhost'])],
    random: undefined,
  })
  return {
    authority: authority.certificate,
    cert,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

/** The same, which this process trusts from now on; one that is started does by a file. `name` is for people who find it. */
export async function aTrustedIdentity(
  name: string,
): Promise<ServerIdentity & { readonly environment: Readonly<Record<string, string>> }> {
  const identity = aServerIdentity()
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), identity.authority])
  const trusted = join(await temporaryFolder(name), 'authority.pem')
  await writeFile(trusted, identity.authority)
  return { ...identity, environment: { NODE_EXTRA_CA_CERTS: trusted } }
}
