import { createPrivateKey, X509Certificate } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { clusterUid } from '../../src/model/names.ts'
import { createAuthority, nameOf, renewAuthority } from '../../src/pki/authority.ts'
import { createBundle } from '../../src/pki/bundle.ts'
import { type LeafRole, leafRoles } from '../../src/pki/identity.ts'
import { issueLeaf } from '../../src/pki/leaf.ts'
import { authorityDays, leafDays, lifetimeOfPem, renewAt } from '../../src/pki/lifetime.ts'
import { anIdentity } from '../support/pki-fixture.ts'

const dayMs = 86_400_000
const now = Date.parse('2026-11-24T12:00:00Z')
const read = (pem: string): X509Certificate => new X509Certificate(pem)
const { uid } = anIdentity
const authority = createAuthority({ name: 'a cluster', now, days: authorityDays })
const leafOf = (role: LeafRole, at = now) =>
  issueLeaf(authority, { ...anIdentity, role, now: at, days: leafDays })

describe('an authority', () => {
  test('signs itself, and is one', () => {
    const certificate = read(authority.certificate)
    expect(certificate.ca).toBe(true)
    expect(certificate.checkIssued(certificate)).toBe(true)
    expect(certificate.verify(certificate.publicKey)).toBe(true)
    expect(certificate.checkPrivateKey(createPrivateKey(authority.key))).toBe(true)
    expect(authority.key).toMatch(/^-----BEGIN PRIVATE KEY-----/)
  })

  test('keeps any name that fits', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(name, wanted => {
        expect(nameOf(createAuthority({ name: wanted, now, days: 1 }).certificate)).toBe(wanted)
      }),
    )
  })

  test('renewed, vouches for its old leaves, and its old certificate for the new ones', () => {
    const later = now + 250 * dayMs
    const renewed = renewAuthority(authority, { now: later, days: authorityDays })
    const [before, after] = [read(authority.certificate), read(renewed.certificate)]
    expect(after.subject).toBe(before.subject)
    expect(after.serialNumber).not.toBe(before.serialNumber)
    expect(lifetimeOfPem(renewed.certificate).notAfter).toBe(later + authorityDays * dayMs)
    const old = read(leafOf('worker').certificate)
    const young = read(
      issueLeaf(renewed, { ...anIdentity, role: 'worker', now: later, days: 90 }).certificate,
    )
    for (const leaf of [old, young])
      for (const issuer of [before, after]) {
        expect(leaf.checkIssued(issuer)).toBe(true)
        expect(leaf.verify(issuer.publicKey)).toBe(true)
      }
  })
})

describe('a leaf', () => {
  test.each([
    {
      role: 'scheduler',
      names: `DNS:scheduler.${uid}.dask.internal, DNS:demo-scheduler.team-a.svc`,
      purposes: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'],
    },
    {
      role: 'worker',
      names: `DNS:worker.${uid}.dask.internal`,
      purposes: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'],
    },
    { role: 'client', names: `DNS:client.${uid}.dask.internal`, purposes: ['1.3.6.1.5.5.7.3.2'] },
  ] as const)('of the $role says so and no more', ({ role, names, purposes }) => {
    const leaf = leafOf(role)
    const certificate = read(leaf.certificate)
    expect(certificate.subject).toBe(`CN=${role}.${uid}.dask.internal`)
    expect(certificate.subjectAltName).toBe(names)
    expect(certificate.keyUsage).toEqual(purposes)
    expect(certificate.ca).toBe(false)
    expect(certificate.checkIssued(read(authority.certificate))).toBe(true)
    expect(certificate.checkPrivateKey(createPrivateKey(leaf.key))).toBe(true)
  })

  test('outlives no authority, and two clocks that are five minutes wrong', () => {
    const { notBefore, notAfter } = lifetimeOfPem(leafOf('worker').certificate)
    expect(notBefore).toBeLessThan(now - 10 * 60_000)
    expect(notAfter).toBe(now + 90 * dayMs)
    const late = lifetimeOfPem(leafOf('worker', now + 360 * dayMs).certificate)
    expect(late.notAfter).toBe(lifetimeOfPem(authority.certificate).notAfter)
  })

  test('is renewed at two thirds, and then its authority has a leaf’s life before it', () => {
    expect(renewAt({ notBefore: 0, notAfter: 90 })).toBe(60)
    const { notAfter, ...rest } = lifetimeOfPem(authority.certificate)
    expect(renewAt({ notAfter, ...rest }) + leafDays * dayMs).toBeLessThan(notAfter)
  })

  test('has a UID longer than a common name may be among its names', () => {
    const long = clusterUid('a'.repeat(60))
    const { certificate } = issueLeaf(authority, { ...anIdentity, uid: long, role: 'worker', now, days: 1 })
    expect(read(certificate).subject).toHaveLength('CN='.length + 64)
    expect(read(certificate).subjectAltName).toBe(`DNS:worker.${long}.dask.internal`)
  })

  test('has a positive serial number of 16 bytes, whatever the dice say', () => {
    for (const byte of [0x00, 0x7f, 0x80, 0xff]) {
      const dice = { random: (bytes: number) => new Uint8Array(bytes).fill(byte) }
      const { certificate } = issueLeaf(authority, { ...anIdentity, role: 'client', now, days: 1, ...dice })
      expect(read(certificate).serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/)
    }
  })

  test('is written so that everybody reads the years right', () => {
    const far = Date.parse('2051-01-01T00:00:00Z')
    const old = createAuthority({ name: 'far', now: far, days: 1 })
    expect(lifetimeOfPem(old.certificate).notAfter).toBe(far + dayMs)
  })
})

test('no two bundles share a key', () => {
  const all = [createBundle(anIdentity, now), createBundle(anIdentity, now)].flatMap(bundle => [
    bundle.authority.key,
    ...leafRoles.map(role => bundle[role].key),
  ])
  expect(new Set(all).size).toBe(8)
})
