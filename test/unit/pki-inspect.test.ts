import { describe, expect, test } from 'vitest'

import { clusterUid } from '../../src/model/names.ts'
import { newAuthority, newLeaf } from '../../src/pki/bundle.ts'
import { inspectSecrets } from '../../src/pki/inspect.ts'
import { authorityDays, leafDays, lifetimeOfPem, renewAt } from '../../src/pki/lifetime.ts'
import { repair } from '../../src/pki/repair.ts'
import { type SecretPart, secretsOf } from '../../src/pki/secret.ts'
import type { StoredSecrets } from '../../src/pki/stored.ts'
import {
  anIdentity,
  base64,
  bundle,
  dayMs,
  good,
  inspected,
  now,
  place,
  strange,
  view,
  withData,
  withLabel,
  withLeaf,
} from '../support/pki-fixture.ts'

const other = newAuthority({ ...anIdentity, uid: clusterUid('11111111-2222') }, now)
const elsewhere = { 'ca.crt': base64(other.certificate), 'ca.key': base64(other.key) }

describe('inspection', () => {
  test('finds good what is good, until its time', () => {
    const { notAfter } = lifetimeOfPem(bundle.worker.certificate)
    expect(view(good)).toEqual({
      kind: 'valid',
      notAfter,
      renewAt: renewAt(lifetimeOfPem(bundle.worker.certificate)),
    })
    expect(view({})).toEqual({ kind: 'missing' })
  })

  test.each<{ given: string; stored: StoredSecrets; at?: number; part: SecretPart; want: string }>([
    {
      given: 'a key of another',
      stored: { ...good, worker: withLeaf('worker', { ...bundle.worker, key: bundle.client.key }) },
      part: 'worker',
      want: 'tls.key is not the key of tls.crt',
    },
    {
      given: 'a key that is none',
      stored: { ...good, worker: withData(good.worker, { 'tls.key': base64('x') }) },
      part: 'worker',
      want: 'tls.key is not the key of tls.crt',
    },
    {
      given: 'a certificate that is none',
      stored: { ...good, worker: withData(good.worker, { 'tls.crt': '*' }) },
      part: 'worker',
      want: 'tls.crt is not a certificate',
    },
    {
      given: 'two certificates in one',
      stored: {
        ...good,
        worker: withData(good.worker, {
          'tls.crt': base64(bundle.worker.certificate + bundle.client.certificate),
        }),
      },
      part: 'worker',
      want: 'tls.crt is not a certificate',
    },
    {
      given: 'a leaf of another authority',
      stored: { ...good, client: strange.client },
      part: 'client',
      want: 'tls.crt was not signed by the cluster’s authority',
    },
    {
      given: 'a leaf of another role',
      stored: { ...good, scheduler: withLeaf('scheduler', bundle.worker) },
      part: 'scheduler',
      want: 'tls.crt does not name this cluster’s scheduler',
    },
    {
      given: 'a leaf of another cluster',
      stored: {
        ...good,
        worker: withLeaf(
          'worker',
          newLeaf(bundle.authority, 'worker', { ...anIdentity, uid: clusterUid('11111111-2222') }, now),
        ),
      },
      part: 'worker',
      want: 'tls.crt does not name this cluster’s worker',
    },
    {
      given: 'a leaf in its last second',
      stored: good,
      at: now + leafDays * dayMs,
      part: 'client',
      want: 'tls.crt has expired',
    },
    {
      given: 'an authority in its last second',
      stored: good,
      at: now + authorityDays * dayMs,
      part: 'authority',
      want: 'ca.crt has expired',
    },
    {
      given: 'an authority of tomorrow',
      stored: good,
      at: now - dayMs,
      part: 'authority',
      want: 'ca.crt is not valid yet',
    },
    {
      given: 'a leaf in place of an authority',
      stored: {
        ...good,
        authority: withData(good.authority, {
          'ca.crt': base64(bundle.worker.certificate),
          'ca.key': base64(bundle.worker.key),
        }),
      },
      part: 'authority',
      want: 'ca.crt is not a certificate authority of its own',
    },
    {
      given: 'the authority of another cluster',
      stored: { ...good, authority: withData(good.authority, elsewhere) },
      part: 'authority',
      want: 'ca.crt is another cluster’s authority',
    },
    {
      given: 'another authority beside a leaf',
      stored: {
        ...good,
        worker: withData(good.worker, { 'ca.crt': strange.authority.data['ca.crt'] ?? '' }),
      },
      part: 'worker',
      want: 'ca.crt is not the authority’s present certificate',
    },
    {
      given: 'an address of yesterday',
      stored: { ...good, client: secretsOf(bundle, place, 'tls://192.0.2.1:8786').client },
      part: 'client',
      want: 'dask.yaml does not say where the scheduler is',
    },
    {
      given: 'an authority that is lost',
      stored: { ...good, authority: undefined },
      part: 'worker',
      want: 'its authority has to be put in order first',
    },
  ])('$given: $want', ({ stored, at, part, want }) => {
    expect(inspected(stored, at)[part]).toEqual({ kind: 'broken', problem: want })
    const seen = view(stored, at)
    expect(seen).toMatchObject({ kind: 'broken', problem: expect.stringContaining(want) })
    for (const secret of Object.values(good).flatMap(({ data }) => Object.values(data)))
      expect(JSON.stringify(seen)).not.toContain(secret.slice(40, 80))
  })

  test.each([
    { given: 'somebody’s Secret of our name', client: { data: { password: 'aHVudGVyMg==' } } },
    {
      given: 'that of the cluster that had the name before',
      client: withLabel(good.client, 'cloud.dask.org/cluster-uid', '9999'),
    },
    {
      given: 'that of another installation',
      client: withLabel(good.client, 'cloud.dask.org/installation', 'other'),
    },
    {
      given: 'one that another object owns',
      client: {
        ...good.client,
        metadata: { ...good.client.metadata, ownerReferences: [{ uid: 'other', controller: true }] },
      },
    },
  ])('$given is left alone', ({ client }) => {
    expect(view({ ...good, client })).toEqual({ kind: 'foreign', secret: 'team-a/demo-client' })
    const { bundle: repaired, made } = repair({ ...good, client }, place, now)
    expect(made).toEqual(['client'])
    expect(repaired.client.certificate).not.toBe(bundle.client.certificate)
  })

  test('does not mind an address that nobody knows', () => {
    const { client } = inspectSecrets(good, { ...place, now, schedulerAddress: undefined })
    expect(client?.kind).toBe('valid')
  })
})
