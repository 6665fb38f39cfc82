import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { assert, integer, lorem, property } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { redact, redacted, redactText } from '../../src/telemetry/redaction.ts'

const key = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString()
const inner = key.split('\n')[1] ?? ''
const awsSecret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLE9KE'
const jwt = 'eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJlLWhlcmU'

describe('a text', () => {
  test.each([
    { given: 'a private key', text: `cannot read ${key} here`, secret: inner },
    { given: 'a private key in a JSON string', text: JSON.stringify({ note: key }), secret: inner },
    { given: 'a private key that was cut', text: key.slice(0, 90), secret: key.slice(40, 80) },
    { given: 'a private key in base64', text: `ca: ${btoa(key)}`, secret: btoa(key).slice(0, 60) },
    { given: 'a bearer token', text: 'Authorization: Bearer abcDEF123456', secret: 'abcDEF123456' },
    { given: 'a bearer token alone', text: 'sent bearer abc-def-ghi', secret: 'abc-def-ghi' },
    { given: 'basic credentials', text: 'Basic YWRtaW46aHVudGVyMg==', secret: 'YWRtaW46aHVudGVyMg' },
    { given: 'a ServiceAccount token', text: `token was ${jwt}`, secret: jwt.slice(40) },
    { given: 'an AWS secret', text: `key ${awsSecret} refused`, secret: awsSecret },
    { given: 'an AWS secret by name', text: 'aws_secret_access_key = abc/def', secret: 'abc/def' },
    { given: 'a signed address', text: 'GET https://x/y?X-Amz-Signature=0a1b2c&x=1', secret: '0a1b2c' },
    { given: 'a session token in an address', text: 'https://x/?X-Amz-Security-Token=IQoJ', secret: 'IQoJ' },
    { given: 'a password in an address', text: 'postgres://bob:hunter2@db/x', secret: 'hunter2' },
    { given: 'a password in JSON', text: '{"password": "hunter2 \\" and more"}', secret: 'and more' },
    { given: 'a password in a command', text: 'run --password=hunter2 now', secret: 'hunter2' },
    { given: 'a client secret', text: "client_secret: 'abc~def'", secret: 'abc~def' },
    {
      given: 'a password in JSON in JSON',
      text: JSON.stringify('{"password":"hunter2"}'),
      secret: 'hunter2',
    },
    { given: 'a DigitalOcean token', text: `dop_v1_${'0a'.repeat(32)}`, secret: '0a0a' },
    {
      given: "a Secret's data in JSON",
      text: '{"kind":"Secret","data":{"x":"aHVudGVyMg=="}}',
      secret: 'aHVudGVyMg',
    },
    {
      given: 'a key that happens to have no digit',
      text: 'it is SgJFkB/BdAijXEIsiBSGlOUn+KlKeGmoGlqr/iQEmiGmzA==',
      secret: 'SgJFkB/BdAijXEIsiBSGlOUn+KlKeGmoGlqr/iQEmiGmzA',
    },
  ])('loses $given', ({ text, secret }) => {
    expect(text).toContain(secret.replaceAll('\n', ''))
    expect(redactText(text)).not.toContain(secret)
    expect(redactText(text)).toContain(redacted)
  })

  test.each([
    'step taken: 4 workers are missing',
    'team-a/demo: the Secret demo-client belongs to somebody else',
    '0b21e7a5-7f6a-4f62-9a0c-7e5d2c1b9f00 and d41d8cd98f00b204e9800998ecf8427e',
    'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    'https://127.0.0.1:6443/apis/cloud.dask.org/v1alpha1/namespaces/team-a/daskcloudclusters/demo',
    '/home/annette/Projects/dask-cloud-operator/src/reconcile/pass',
    'NetworkSecurityGroupOldReferencesNotCleanedUp and OverconstrainedZonalAllocationRequest',
    'some basic information about i-0123456789abcdef0 and tls://10.0.0.7:8786',
  ])('keeps %j', text => {
    expect(redactText(text)).toBe(text)
  })

  test('that is very long is cut, and quickly', () => {
    const began = performance.now()
    for (const text of ['a_', 'a', 'password', 'x://', 'Bearer ', '-----BEGIN ', '"data":{', 'eyJ'].map(
      part => part.repeat(200_000),
    )) {
      expect(redactText(text).length).toBeLessThan(10_000)
    }
    expect(performance.now() - began).toBeLessThan(5_000)
  })

  test('loses every random key of 30 bytes or more', () => {
    assert(
      property(integer({ min: 33, max: 400 }), lorem(), (size, words) => {
        const secret = randomBytes(size).toString('base64')
        expect(redactText(`${words} ${secret} ${words}`)).not.toContain(secret.slice(0, 30))
      }),
      { numRuns: 200 },
    )
  })
})

describe('a value', () => {
  test.each([
    {
      given: 'a member by its name',
      value: { password: 'p', apiKey: 'p', 'tls.key': 'p', userData: 'p', pwd: 12 },
    },
    { given: 'members below', value: { headers: { Authorization: 'p', 'Set-Cookie': 'p' } } },
    { given: 'a whole object by its name', value: { credentials: { id: 'p', more: ['p'] } } },
    { given: 'a Secret', value: { kind: 'Secret', data: { a: 'p' }, stringData: { b: 'p' } } },
    { given: 'a Secret without its kind', value: { type: 'Opaque', data: { a: 'p' } } },
    { given: 'a map', value: new Map([['clientSecret', 'p']]) },
  ])('loses $given', ({ value }) => {
    expect(JSON.stringify(redact(value))).not.toMatch(/"p"|12/)
  })

  test('keeps what is none', () => {
    const value = {
      cluster: 'a/b',
      clientSecretName: 'demo-client',
      tokens: 3,
      seen: false,
      key: 'a/b',
      none: null,
    }
    expect(redact(value)).toEqual(value)
  })

  test('loses what errors, their causes and their members hold', () => {
    const deepest = Object.assign(new Error(`no: ${key}`), {
      config: { headers: { authorization: 'Bearer p4ss' } },
    })
    const error = new AggregateError([new Error('token=p4ss')], 'failed', {
      cause: new Error('Bearer p4ssp4ss', { cause: deepest }),
    })
    const written = JSON.stringify(redact({ error }))
    expect(written).toContain('failed')
    expect(written).not.toContain('p4ss')
    expect(written).not.toContain(inner)
  })

  test('never shows bytes and never fails', () => {
    const circular: Record<string, unknown> = { bytes: Buffer.from('hunter2'), big: 10n, run: () => 1 }
    circular['self'] = circular
    Object.defineProperty(circular, 'bad', {
      enumerable: true,
      get() {
        throw new Error('no')
      },
    })
    expect(redact(circular)).toBe('[unreadable]')
    expect(redact({ bytes: Buffer.from('hunter2'), when: new Date(NaN), big: 10n })).toEqual({
      bytes: '[7 bytes]',
      when: '[unreadable]',
      big: '10',
    })
    const loop: unknown[] = []
    loop.push(loop)
    expect(redact(loop)).toEqual(['[circular]'])
  })
})
