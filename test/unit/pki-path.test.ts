import { afterAll, expect, test } from 'vitest'
import { readGiven } from '../../src/pki/given.ts'
import {
  authorityExtensions,
  instead,
  leafExtensions,
  OpensslAuthority,
  OpensslRoom,
  type Texts,
} from '../support/openssl-authority.ts'

const room = new OpensslRoom()
afterAll(() => room[Symbol.dispose]())

const root = room.authority()
const pss = ['-sigopt', 'rsa_padding_mode:pss']
const names = (id: string): string => `authorityKeyIdentifier=DER:30168014${id.repeat(20)}`
const lengths = (count: number): readonly string[] =>
  authorityExtensions.map(each => each.replace('pathlen:1', `pathlen:${count}`))

function problemOf(texts: Readonly<Record<string, string>>): string {
  const secret = { name: 'mine', texts }
  const found = readGiven({ scheduler: secret, worker: secret, client: secret }, Date.now())
  return found.kind === 'bad' ? found.problem : 'nothing'
}

/** Of one key and one name, one of them of yesterday. */
function renewedAuthority(order: 'old first' | 'new first'): Texts {
  const { own } = room.authority({ days: -1 })
  const form = { subject: '/CN=own authority', extensions: authorityExtensions, keyOf: own }
  const renewed = new OpensslAuthority(room, room.signed(form))
  const [one, other] = order === 'old first' ? [own, renewed.own] : [renewed.own, own]
  return { ...renewed.leaf(), 'ca.crt': one.certificate + other.certificate }
}

/** Two certificates of one authority between, of which a peer knows the root of one. */
function crossSigned(order: 'own first' | 'strange first'): Texts {
  const between = root.below()
  const strange = room.authority({ subject: '/CN=strange authority' }).below({ keyOf: between.own })
  const [one, other] = order === 'own first' ? [between, strange] : [strange, between]
  const { 'tls.crt': own, 'tls.key': key } = between.leaf()
  const shown = own + one.own.certificate + other.own.certificate
  return { 'ca.crt': root.own.certificate, 'tls.crt': shown, 'tls.key': key }
}

function twoBetween(): Texts {
  const top = room.authority({ extensions: lengths(2) })
  const upper = top.below({ extensions: [...lengths(1), 'authorityKeyIdentifier=keyid'] })
  const lower = upper.below({ subject: '/CN=lower' })
  const { 'tls.crt': own, 'tls.key': key } = lower.leaf()
  const shown = own + upper.own.certificate + lower.own.certificate
  return { 'ca.crt': top.own.certificate, 'tls.crt': shown, 'tls.key': key }
}

/** Each with what we say of it: OpenSSL takes those, and only those, of which that is nothing. */
const paths: readonly (readonly [given: string, texts: () => Texts, says: RegExp])[] = [
  ['RSASSA-PSS', () => room.authority({ key: ['rsa:2048'] }).leaf({ options: pss }), /^nothing$/],
  [
    'RSASSA-PSS with SHA-1',
    () => room.authority({ key: ['rsa:2048'] }).leaf({ digest: 'sha1', options: pss }),
    /signed with MD5 or SHA-1/,
  ],
  [
    'an authority that says in as many bytes that it is none',
    () => {
      const none = 'basicConstraints=critical,DER:3003010100'
      return room.authority({ extensions: instead(authorityExtensions, 'basicConstraints', none) }).leaf()
    },
    /is no certificate authority/,
  ],
  [
    'a leaf that names another key of its issuer',
    () => root.leaf({ extensions: instead(leafExtensions, 'authorityKeyIdentifier', names('ab')) }),
    /tls\.crt: the certificate of CN=dask names another key of its issuer/,
  ],
  ['an authority that was renewed, the one before first', () => renewedAuthority('old first'), /^nothing$/],
  ['an authority that was renewed, the one before last', () => renewedAuthority('new first'), /^nothing$/],
  [
    'an authority between that a stranger signed too, that first',
    () => crossSigned('strange first'),
    /^Secret mine, ca\.crt: the certificate of CN=strange authority, which has signed that of CN=own intermediate \(Secret mine, tls\.crt\), is missing/,
  ],
  ['an authority between that a stranger signed too, that last', () => crossSigned('own first'), /^nothing$/],
  [
    'an authority between that is trusted beside its root',
    () => {
      const between = root.below()
      return { ...between.leaf(), 'ca.crt': between.own.certificate + root.own.certificate }
    },
    /^nothing$/,
  ],
  [
    'an authority between that is trusted without its root',
    () => root.below().leaf(),
    /^Secret mine, ca\.crt: the certificate of CN=own authority, which has signed that of CN=own intermediate \(Secret mine, ca\.crt\), is missing: add it, up to its root$/,
  ],
  [
    'a root that is shown and not trusted',
    () => {
      const texts = root.leaf()
      const other = room.authority({ subject: '/CN=other' }).own.certificate
      return { ...texts, 'ca.crt': other, 'tls.crt': texts['tls.crt'] + root.own.certificate }
    },
    /^Secret mine, ca\.crt: the certificate of CN=own authority, the root that stands in Secret mine, tls\.crt, is missing: add it$/,
  ],
  ['two authorities between, the upper first', twoBetween, /^nothing$/],
]

test.each(paths)('with %s: OpenSSL, as strict as Python 3.13, says the same', (_given, make, says) => {
  const texts = make()
  const problem = problemOf(texts)
  expect(problem).toMatch(says)
  expect(room.accepts(texts)).toBe(problem === 'nothing')
})

test('an authority that limits names is refused: OpenSSL would look at them, and nobody here does', () => {
  const limits = 'nameConstraints=critical,permitted;DNS:dask'
  const texts = room.authority({ extensions: [...authorityExtensions, limits] }).leaf()
  expect(problemOf(texts)).toMatch(/ca\.crt: .* limits the names below it \(nameConstraints\)/)
})
