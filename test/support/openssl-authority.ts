import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What a user keeps in a Secret of certificates, PEM. */
export type Texts = Readonly<Record<'ca.crt' | 'tls.crt' | 'tls.key', string>>

export interface AuthorityForm {
  readonly subject?: string
  /** As `openssl req -newkey` takes it, with its options. */
  readonly key?: readonly string[]
  /** Another certificate of the key of this one. */
  readonly keyOf?: Signed
  readonly extensions?: readonly string[]
  readonly digest?: string
  /** Days from now until its end; before now where negative. */
  readonly days?: number
  /** Further words of `openssl x509 -req`. */
  readonly options?: readonly string[]
}

export const ec: readonly string[] = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256']

/** As the guide has them. */
export const authorityExtensions = [
  'basicConstraints=critical,CA:TRUE,pathlen:1',
  'keyUsage=critical,keyCertSign,cRLSign',
  'subjectKeyIdentifier=hash',
] as const
export const leafExtensions = [
  'basicConstraints=critical,CA:FALSE',
  'keyUsage=critical,digitalSignature',
  'extendedKeyUsage=serverAuth,clientAuth',
  'subjectKeyIdentifier=hash',
  'authorityKeyIdentifier=keyid',
] as const

/** Extensions but one, and that one in another form. */
export const without = (all: readonly string[], name: string): readonly string[] =>
  all.filter(each => !each.startsWith(name))
export const instead = (all: readonly string[], name: string, other: string): readonly string[] => [
  ...without(all, name),
  other,
]

/** A folder in which OpenSSL makes certificates, as a person would. */
export class OpensslRoom implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'openssl-room-'))
  #count = 0

  authority(form: AuthorityForm = {}): OpensslAuthority {
    const extensions = form.extensions ?? authorityExtensions
    return new OpensslAuthority(this, this.signed({ subject: '/CN=own authority', ...form, extensions }))
  }

  /** Signs with its own key, or with that of `by`. */
  signed(form: AuthorityForm, by?: Signed): Signed {
    const { subject = '/CN=dask', key = ec, extensions = leafExtensions, digest = 'sha256', days = 90 } = form
    const { keyOf, options = [] } = form
    const [certificate, request] = [this.file('crt'), this.file('csr')]
    const keyFile = keyOf?.keyFile ?? this.file('key')
    const asks = keyOf === undefined ? ['-newkey', ...key, '-nodes', '-keyout', keyFile] : ['-key', keyFile]
    const config = this.file('ext', `${extensions.join('\n')}\n`)
    this.run(['req', '-new', ...asks, '-subj', subject, '-out', request])
    const signer = by === undefined ? ['-signkey', keyFile] : ['-CA', by.file, '-CAkey', by.keyFile]
    const made = ['x509', '-req', '-in', request, ...signer, `-${digest}`, ...options, '-extfile', config]
    this.run([...made, '-set_serial', String(++this.#count), '-days', String(days), '-out', certificate])
    return {
      file: certificate,
      keyFile,
      certificate: readFileSync(certificate, 'utf8'),
      key: readFileSync(keyFile, 'utf8'),
    }
  }

  file(end: string, text?: string): string {
    const path = join(this.#folder, `${++this.#count}.${end}`)
    if (text !== undefined) writeFileSync(path, text, { mode: 0o600 })
    return path
  }

  run(args: readonly string[]): string {
    return execFileSync('openssl', args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 20_000,
    })
  }

  /** What OpenSSL, as strict as Python 3.13, says of a chain for both ends of a connection. */
  accepts({ 'ca.crt': ca, 'tls.crt': chain }: Texts): boolean {
    const [trusted, shown] = [this.file('pem', ca), this.file('pem', chain)]
    const strictly = ['verify', '-x509_strict', '-auth_level', '2', '-CAfile', trusted, '-untrusted', shown]
    return ['sslserver', 'sslclient'].every(purpose => {
      try {
        this.run([...strictly, '-purpose', purpose, shown])
        return true
      } catch {
        return false
      }
    })
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

export interface Signed {
  readonly file: string
  readonly keyFile: string
  readonly certificate: string
  readonly key: string
}

/** An authority of somebody's own. */
export class OpensslAuthority {
  readonly #room: OpensslRoom
  readonly own: Signed

  constructor(room: OpensslRoom, own: Signed) {
    this.#room = room
    this.own = own
  }

  /** Another authority below this one. */
  below(form: AuthorityForm = {}): OpensslAuthority {
    const extensions = form.extensions ?? [
      ...authorityExtensions.map(each => each.replace('pathlen:1', 'pathlen:0')),
      'authorityKeyIdentifier=keyid',
    ]
    const subject = '/CN=own intermediate'
    return new OpensslAuthority(this.#room, this.#room.signed({ subject, ...form, extensions }, this.own))
  }

  leaf(form: AuthorityForm = {}): Texts {
    const { certificate, key } = this.#room.signed(form, this.own)
    return { 'ca.crt': this.own.certificate, 'tls.crt': certificate, 'tls.key': key }
  }
}
