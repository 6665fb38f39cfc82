import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { newLeaf } from '../../src/pki/bundle.ts'
import { lifetimeOfPem, renewAt } from '../../src/pki/lifetime.ts'
import { repair } from '../../src/pki/repair.ts'
import { unrotated } from '../../src/pki/rotation.ts'
import { type Secret, secretParts, secretsOf } from '../../src/pki/secret.ts'
import {
  address,
  anIdentity,
  base64,
  bundle,
  dayMs,
  good,
  now,
  place,
  strange,
  view,
  withData,
  withLabel,
  withLeaf,
} from '../support/pki-fixture.ts'

describe('repair', () => {
  test('keeps what is good', () => {
    expect(repair(good, place, now)).toEqual({ bundle: { ...bundle, rotation: unrotated }, made: [] })
  })

  test('makes one lost leaf, and no other', () => {
    expect(repair({ ...good, worker: undefined }, place, now).made).toEqual(['worker'])
  })

  test('renews leaves at two thirds and keeps the authority', () => {
    const due = renewAt(lifetimeOfPem(bundle.worker.certificate))
    expect(repair(good, place, due - 1).made).toEqual([])
    const { made, bundle: renewed } = repair(good, place, due)
    expect(made).toEqual(['scheduler', 'worker', 'client'])
    expect(renewed.authority).toEqual(bundle.authority)
  })

  test('renews the authority at two thirds, with the same key', () => {
    const { made, bundle: renewed } = repair(good, place, now + 250 * dayMs)
    expect(made).toEqual([...secretParts])
    expect(renewed.authority.key).toBe(bundle.authority.key)
  })

  test('a young leaf stays when its authority is renewed', () => {
    const at = now + 250 * dayMs
    const { certificate, key } = newLeaf(bundle.authority, 'worker', anIdentity, at - dayMs)
    const { made, bundle: renewed } = repair(
      { ...good, worker: withLeaf('worker', { certificate, key }) },
      place,
      at,
    )
    expect(made).toEqual(['authority', 'scheduler', 'client'])
    expect(renewed.worker.certificate).toBe(certificate)
  })

  test('a lost authority takes all with it', () => {
    const { made } = repair({ ...good, authority: undefined }, place, now)
    expect(made).toEqual([...secretParts])
  })

  test('of any damage gives what inspection finds good, and is done at once', () => {
    const damages = [
      (secret: Secret) => withData(secret, { 'tls.key': base64('gone') }),
      (secret: Secret) => withData(secret, { 'ca.crt': '' }),
      (secret: Secret) => withData(secret, { 'ca.key': strange.authority.data['ca.key'] ?? '' }),
      (secret: Secret) => ({ ...secret, data: {} }),
      (secret: Secret) => withLabel(secret, 'app.kubernetes.io/managed-by', 'me'),
      (secret: Secret) => ({ ...secret, data: strange.worker.data }),
      () => undefined,
      (secret: Secret) => secret,
    ]
    const damage = fc.constantFrom(...damages)
    const one = fc.record({ authority: damage, scheduler: damage, worker: damage, client: damage })
    const age = fc.integer({ min: -30, max: 800 }).map(days => now + days * dayMs)
    fc.assert(
      fc.property(one, age, (hits, at) => {
        const stored = Object.fromEntries(secretParts.map(part => [part, hits[part](good[part])]))
        const { bundle: repaired } = repair(stored, place, at)
        const written = secretsOf(repaired, place, address)
        expect(view(written, at)).toMatchObject({ kind: 'valid' })
        expect(repair(written, place, at)).toEqual({ bundle: repaired, made: [] })
        const seen = view(written, at)
        expect(seen.kind === 'valid' && seen.renewAt > at).toBe(true)
      }),
      { numRuns: 150 },
    )
  })
})
