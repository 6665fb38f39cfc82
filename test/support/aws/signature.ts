import { createHash, createHmac } from 'node:crypto'

/** A request as it came, before anything is read out of it. */
export interface Signed {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: string
}

const form =
  /^AWS4-HMAC-SHA256 Credential=[^/]+\/(?<scope>[^,]+), SignedHeaders=(?<names>[^,]+), Signature=(?<signature>[0-9a-f]{64})$/

/** Whether a request carries the signature, in AWS's fourth version, that this secret makes for it. */
export function isSignedWith(secret: string, request: Signed): boolean {
  const {
    scope = '',
    names = '',
    signature,
  } = form.exec(String(request.headers['authorization']))?.groups ?? {}
  const at = String(request.headers['x-amz-date'])
  if (signature === undefined || !names.split(';').includes('host')) return false
  const text = ['AWS4-HMAC-SHA256', at, scope, hash(canonical(request, names))].join('\n')
  const key = scope
    .split('/')
    .reduce<string | Buffer>((own, word) => createHmac('sha256', own).update(word).digest(), `AWS4${secret}`)
  return createHmac('sha256', key).update(text).digest('hex') === signature
}

/** Requests of these services have nothing after the path. */
function canonical({ method, url, headers, body }: Signed, names: string): string {
  const lines = names.split(';').map(name => `${name}:${String(headers[name]).trim().replaceAll(/ +/g, ' ')}`)
  return [method, url, '', ...lines, '', names, hash(body)].join('\n')
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex')
