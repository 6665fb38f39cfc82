import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { createBundle } from '../../src/pki/bundle.ts'
import { anIdentity } from '../support/pki-fixture.ts'
import { keysIn, scan } from '../support/scan.ts'

const bundle = createBundle(anIdentity, Date.now())
const { scheduler, worker, authority } = bundle
const known = [
  { name: 'the scheduler’s key', value: scheduler.key },
  { name: 'the worker’s key', value: worker.key },
]
const token = 'dop_v1_0123456789abcdef/+ "é'
const withToken = [...known, { name: 'a token', value: token }]

const pemOf = (key: KeyObject, type: 'pkcs8' | 'sec1' | 'pkcs1'): string =>
  key.export({ type, format: 'pem' }).toString()
const derOf = (key: KeyObject, type: 'pkcs8' | 'sec1' | 'pkcs1'): string =>
  key.export({ type, format: 'der' }).toString('base64')
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const ed = generateKeyPairSync('ed25519').privateKey
const within = (text: string): string => `12:00 something "${text}" else`
const base64 = (text: string): string => Buffer.from(text).toString('base64')

test.each([
  { given: 'PEM, PKCS#8', text: pemOf(ec, 'pkcs8') },
  { given: 'PEM, SEC1', text: pemOf(ec, 'sec1') },
  { given: 'PEM, PKCS#1', text: pemOf(rsa, 'pkcs1') },
  { given: 'PEM of Ed25519', text: pemOf(ed, 'pkcs8') },
  { given: 'PEM as JSON writes it', text: JSON.stringify(pemOf(ec, 'pkcs8')) },
  {
    given: 'PEM as JSON within JSON writes it',
    text: JSON.stringify(JSON.stringify({ key: pemOf(rsa, 'pkcs8') })),
  },
  { given: 'PEM with the line ends of others', text: pemOf(ec, 'pkcs8').replaceAll('\n', '\r\n') },
  { given: 'PEM that is indented', text: pemOf(ec, 'pkcs8').replaceAll('\n', '\n        ') },
  { given: 'DER, PKCS#8', text: derOf(ec, 'pkcs8') },
  { given: 'DER, SEC1', text: derOf(ec, 'sec1') },
  { given: 'DER, PKCS#1', text: derOf(rsa, 'pkcs1') },
  { given: 'DER of Ed25519', text: derOf(ed, 'pkcs8') },
  { given: 'DER in lines of 64', text: derOf(rsa, 'pkcs8').replaceAll(/.{64}/g, '$&\n') },
  { given: 'PEM in base64, as a Secret has it', text: base64(pemOf(ec, 'pkcs8')) },
  { given: 'PEM in base64 twice', text: base64(base64(pemOf(ec, 'pkcs8'))) },
  {
    given: 'PEM in user data that is compressed',
    text: gzipSync(`#cloud-config\n${pemOf(ec, 'pkcs8')}`).toString('base64'),
  },
])('a private key that nobody knew is found: $given', ({ text }) => {
  expect(scan([{ name: 'a log', text: within(text) }], known)).toEqual([
    'a log: a private key, of nobody known',
  ])
  expect(scan([{ name: 'a log', text: Buffer.from(within(text)) }], [])).toHaveLength(1)
})

test('a key that was cut off is found, and so is one in bytes that are compressed', () => {
  expect(scan([{ name: 'a log', text: scheduler.key.slice(0, 60) }], [])).toEqual([
    'a log: a private key, cut or unreadable',
  ])
  expect(scan([{ name: 'user data', text: gzipSync(worker.key) }], [])).toHaveLength(1)
})

test.each([
  { given: 'as it is', text: token },
  { given: 'in JSON', text: JSON.stringify(token).slice(1, -1) },
  { given: 'in a URL', text: encodeURIComponent(token) },
  { given: 'in base64', text: base64(token) },
  { given: 'in base64 behind one byte', text: base64(`:${token}`) },
  { given: 'in base64 between others', text: base64(`me:${token}:you`) },
  { given: 'in base64 for URLs', text: Buffer.from(token).toString('base64url') },
  { given: 'in hex', text: Buffer.from(token).toString('hex') },
])('a known credential is found $given', ({ text }) => {
  expect(scan([{ name: 'an event', text: within(text) }], withToken)).toEqual(['an event: a token'])
})

test('a part of a known key is found: a line of it, or its number alone', () => {
  const [, line = ''] = scheduler.key.split('\n')
  expect(scan([{ name: 'a status', text: within(line) }], known)).toEqual(['a status: the scheduler’s key'])
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const number = Buffer.from(key.export({ format: 'jwk' }).d ?? '', 'base64url').toString('hex')
  const secrets = [{ name: 'a key', value: pemOf(key, 'pkcs8') }]
  expect(scan([{ name: 'a status', text: within(number) }], secrets)).toEqual(['a status: a key'])
})

test('what belongs into an artefact may be there, and nothing beside it', () => {
  const holds = ['the scheduler’s key']
  const text = JSON.stringify({ files: [scheduler.key, scheduler.certificate] })
  expect(scan([{ name: 'user data', text, holds }], known)).toEqual([])
  expect(scan([{ name: 'user data', text: `${text} ${base64(worker.key)}`, holds }], known)).toEqual([
    'user data: a private key, of the worker’s key',
    'user data: the worker’s key',
  ])
  expect(scan([{ name: 'user data', text: `${text}${authority.key}`, holds }], known)).toEqual([
    'user data: a private key, of nobody known',
  ])
})

test('certificates, public keys, hashes and other long texts are no keys', () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const text = [
    scheduler.certificate,
    base64(scheduler.certificate),
    publicKey.export({ type: 'spki', format: 'pem' }),
    publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
    'M'.repeat(500),
    'H4sIAAAAAAAA'.repeat(20),
    'a3f5'.repeat(16),
    'must be the PEM of a certificate and of the RSA private key that belongs to it',
  ].join('\n')
  expect(scan([{ name: 'a log', text }], withToken)).toEqual([])
})

test('equal keys have equal marks however they are written', () => {
  const marks = [
    pemOf(ec, 'pkcs8'),
    pemOf(ec, 'sec1'),
    derOf(ec, 'pkcs8'),
    base64(pemOf(ec, 'sec1')),
  ].flatMap(keysIn)
  expect(new Set(marks).size).toBe(1)
  expect(marks).toHaveLength(4)
  expect(keysIn(`${scheduler.key}\n${worker.key}`)).toHaveLength(2)
})
