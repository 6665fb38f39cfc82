import { afterAll, describe, expect, test } from 'vitest'
import { readGiven } from '../../src/pki/given.ts'
import type { GivenSecret } from '../../src/pki/given-refusals.ts'
import {
  type AuthorityForm,
  authorityExtensions,
  instead,
  leafExtensions,
  OpensslRoom,
  type Texts,
  without,
} from '../support/openssl-authority.ts'

const room = new OpensslRoom()
afterAll(() => room[Symbol.dispose]())

const dayMs = 86_400_000
const root = room.authority()
const good = root.leaf()

const secretOf = (texts: Readonly<Record<string, string>>, name = 'mine'): GivenSecret => ({ name, texts })
const oneFor = (texts: Readonly<Record<string, string>>) => {
  const secret = secretOf(texts)
  return { scheduler: secret, worker: secret, client: secret }
}
const read = (texts: Readonly<Record<string, string>>, at = Date.now()) => readGiven(oneFor(texts), at)
const problemOf = (texts: Readonly<Record<string, string>>, at = Date.now()): string => {
  const found = read(texts, at)
  return found.kind === 'bad' ? found.problem : 'nothing'
}

const authority = (form: AuthorityForm): Texts => room.authority(form).leaf()
const leaf = (form: AuthorityForm): Texts => root.leaf(form)
const throughAnother = (form: AuthorityForm = {}): Texts => {
  const between = root.below(form)
  const { 'tls.crt': own, 'tls.key': key } = between.leaf()
  return { 'ca.crt': root.own.certificate, 'tls.crt': own + between.own.certificate, 'tls.key': key }
}

/** Each with what we say of it: OpenSSL takes those, and only those, of which that is nothing. */
const chains: readonly (readonly [given: string, texts: () => Texts, says: RegExp])[] = [
  ['what the guide makes', () => good, /^nothing$/],
  ['RSA keys', () => authority({ key: ['rsa:2048'] }), /^nothing$/],
  ['Ed25519 keys', () => leaf({ key: ['ed25519'] }), /^nothing$/],
  ['an authority between', throughAnother, /^nothing$/],
  [
    'no extended key usage',
    () => leaf({ extensions: without(leafExtensions, 'extendedKeyUsage') }),
    /^nothing$/,
  ],
  [
    'a leaf for servers alone',
    () => leaf({ extensions: instead(leafExtensions, 'extendedKeyUsage', 'extendedKeyUsage=serverAuth') }),
    /tls\.crt: the certificate of CN=dask is not made for clientAuth/,
  ],
  [
    'a leaf that may not sign',
    () => leaf({ extensions: instead(leafExtensions, 'keyUsage', 'keyUsage=critical,nonRepudiation') }),
    /keyUsage without digitalSignature/,
  ],
  [
    'a leaf that may sign certificates',
    () =>
      leaf({
        extensions: instead(leafExtensions, 'keyUsage', 'keyUsage=critical,digitalSignature,keyCertSign'),
      }),
    /may sign certificates \(keyUsage keyCertSign\)/,
  ],
  [
    'a leaf that does not name its issuer’s key',
    () =>
      leaf({
        extensions: instead(leafExtensions, 'authorityKeyIdentifier', 'authorityKeyIdentifier=none'),
      }),
    /no authority key identifier/,
  ],
  ['a weak key', () => leaf({ key: ['rsa:1024'] }), /a key that is too weak/],
  ['SHA-1', () => leaf({ digest: 'sha1' }), /signed with MD5 or SHA-1/],
  ['an authority that signs itself with SHA-1', () => authority({ digest: 'sha1' }), /^nothing$/],
  [
    'an authority that says nothing of being one',
    () => authority({ extensions: without(authorityExtensions, 'basicConstraints') }),
    /ca\.crt: the certificate of CN=own authority is no certificate authority/,
  ],
  [
    'an authority whose constraints are not critical',
    () =>
      authority({ extensions: instead(authorityExtensions, 'basicConstraints', 'basicConstraints=CA:TRUE') }),
    /basicConstraints that are not critical/,
  ],
  [
    'an authority without a usage',
    () => authority({ extensions: without(authorityExtensions, 'keyUsage') }),
    /may not sign certificates: an authority’s keyUsage must have keyCertSign/,
  ],
  [
    'an authority for other things',
    () => authority({ extensions: instead(authorityExtensions, 'keyUsage', 'keyUsage=critical,cRLSign') }),
    /may not sign certificates/,
  ],
  [
    'an authority without an identifier of its key',
    () =>
      room
        .authority({
          extensions: instead(authorityExtensions, 'subjectKeyIdentifier', 'subjectKeyIdentifier=none'),
        })
        .leaf({
          extensions: instead(
            leafExtensions,
            'authorityKeyIdentifier',
            `authorityKeyIdentifier=DER:30168014${'ab'.repeat(20)}`,
          ),
        }),
    /no subject key identifier/,
  ],
  [
    'an authority for servers alone',
    () => authority({ extensions: [...authorityExtensions, 'extendedKeyUsage=serverAuth'] }),
    /own authority is not made for clientAuth/,
  ],
  [
    'more authorities than one allows',
    () => {
      const short = instead(
        authorityExtensions,
        'basicConstraints',
        'basicConstraints=critical,CA:TRUE,pathlen:0',
      )
      const top = room.authority({ extensions: short })
      const between = top.below()
      const { 'tls.crt': own, 'tls.key': key } = between.leaf()
      return { 'ca.crt': top.own.certificate, 'tls.crt': own + between.own.certificate, 'tls.key': key }
    },
    /allows fewer authorities below it/,
  ],
  [
    'a critical extension that nobody knows',
    () => leaf({ extensions: [...leafExtensions, '1.2.3.4=critical,ASN1:UTF8String:x'] }),
    /a critical extension that nobody here knows/,
  ],
  ['a leaf of yesterday', () => leaf({ days: -1 }), /has expired/],
  ['an authority of yesterday', () => authority({ days: -1 }), /ca\.crt: .* has expired/],
  [
    'another authority',
    () => ({ ...good, 'ca.crt': room.authority().own.certificate }),
    /was not signed by any/,
  ],
  [
    'another authority of the same name and both of them',
    () => ({ ...good, 'ca.crt': room.authority().own.certificate + root.own.certificate }),
    /^nothing$/,
  ],
  [
    'an authority between that is left out',
    () => ({ ...root.below().leaf(), 'ca.crt': root.own.certificate }),
    /add the authority there up to its root, and what is between to tls\.crt/,
  ],
]

describe('certificates that somebody brings', () => {
  test.each(chains)('with %s: OpenSSL, as strict as Python 3.13, says the same', (_given, make, says) => {
    const texts = make()
    const problem = problemOf(texts)
    expect(problem).toMatch(says)
    expect(room.accepts(texts)).toBe(problem === 'nothing')
  })

  test.each([
    {
      given: 'no authority',
      patch: { 'ca.crt': undefined },
      says: 'Secret mine, ca.crt: is missing: add it, as PEM',
    },
    { given: 'no key', patch: { 'tls.key': undefined }, says: 'Secret mine, tls.key: is missing' },
    { given: 'an empty certificate', patch: { 'tls.crt': '' }, says: 'tls.crt: holds no certificate' },
    {
      given: 'a torn certificate',
      patch: { 'tls.crt': good['tls.crt'].replace(/\n[^\n]+\n/, '\n') },
      says: 'tls.crt: certificate 1 cannot be read',
    },
    { given: 'another key', patch: { 'tls.key': root.leaf()['tls.key'] }, says: 'is not the key of tls.crt' },
    { given: 'no key at all', patch: { 'tls.key': 'secret words' }, says: 'tls.key: is no private key' },
    {
      given: 'a key among the authorities',
      patch: { 'ca.crt': good['ca.crt'] + root.own.key },
      says: 'ca.crt: holds a private key, which every peer would be shown: keep it out of the Secret',
    },
    {
      given: 'a key with a passphrase',
      patch: { 'tls.key': good['tls.key'].replaceAll('PRIVATE KEY', 'ENCRYPTED PRIVATE KEY') },
      says: 'tls.key: is encrypted',
    },
    {
      given: 'very many authorities',
      patch: { 'ca.crt': good['ca.crt'].repeat(11) },
      says: 'leave at most 10',
    },
  ])('with $given are refused by name, and nothing of the key is told', ({ patch, says }) => {
    const entries = Object.entries({ ...good, ...patch }).filter(([, text]) => text !== undefined)
    const problem = problemOf(Object.fromEntries(entries) as Record<string, string>)
    expect(problem).toContain(says)
    expect(problem).not.toContain('secret words')
    expect(
      good['tls.key'].split('\n').filter(line => /^[\w+/=]{20,}$/.test(line) && problem.includes(line)),
    ).toEqual([])
  })

  test('are of a role each, as long as all take one another', () => {
    const client = root.leaf({
      extensions: instead(leafExtensions, 'extendedKeyUsage', 'extendedKeyUsage=clientAuth'),
    })
    const roles = {
      scheduler: secretOf(root.leaf(), 'a'),
      worker: secretOf(root.leaf(), 'b'),
      client: secretOf(client, 'c'),
    }
    expect(readGiven(roles, Date.now())).toMatchObject({ kind: 'good' })
    expect(readGiven({ ...roles, worker: roles.client }, Date.now())).toMatchObject({
      kind: 'bad',
      problem: expect.stringContaining(
        'Secret c, tls.crt: the certificate of CN=dask is not made for serverAuth',
      ),
    })
    const stranger = secretOf(room.authority().leaf(), 'd')
    expect(readGiven({ ...roles, worker: stranger }, Date.now())).toMatchObject({
      kind: 'bad',
      problem: expect.stringMatching(
        /Secret (a|d), tls\.crt: .* was not signed by any certificate of ca\.crt of Secret/,
      ),
    })
  })

  test('end with whichever of the chain ends first, and are not good before they begin', () => {
    const brief = root.leaf({ days: 10 })
    const found = read(brief)
    if (found.kind === 'bad') throw new Error(found.problem)
    expect(Math.abs(found.notAfter - (Date.now() + 10 * dayMs))).toBeLessThan(60_000)
    expect(problemOf(brief, Date.now() - dayMs)).toContain('is not valid yet')
    expect(problemOf(brief, found.notAfter)).toContain('has expired')
  })

  test('are read without what stands around them', () => {
    const found = read({ ...good, 'ca.crt': `Subject: me\n${good['ca.crt']}# the end` })
    expect(found).toMatchObject({ kind: 'good', given: { scheduler: { ca: good['ca.crt'] } } })
  })
})
