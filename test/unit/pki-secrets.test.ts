import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'

import { renderDaskYaml } from '../../src/pki/dask-yaml.ts'
import { secretParts, secretsOf } from '../../src/pki/secret.ts'
import { address, anIdentity, base64, bundle, good, place } from '../support/pki-fixture.ts'

describe('the Secrets of a cluster', () => {
  test('are where they must be, under names of their own', () => {
    expect(secretParts.map(part => `${good[part].metadata.namespace}/${good[part].metadata.name}`)).toEqual([
      `dask-operator/dask-${anIdentity.uid}-ca`,
      `dask-operator/dask-${anIdentity.uid}-scheduler`,
      `dask-operator/dask-${anIdentity.uid}-worker`,
      'team-a/demo-client',
    ])
  })

  test('only the client’s has an owner, since only that one shares its namespace', () => {
    expect(good.client.metadata.ownerReferences).toEqual([
      {
        apiVersion: 'cloud.dask.org/v1alpha1',
        kind: 'DaskCloudCluster',
        name: 'demo',
        uid: anIdentity.uid,
        controller: true,
        blockOwnerDeletion: false,
      },
    ])
    expect(good.authority.metadata).not.toHaveProperty('ownerReferences')
  })

  test('only one holds the authority’s key', () => {
    const key = base64(bundle.authority.key)
    const holders = secretParts.filter(part => Object.values(good[part].data).includes(key))
    expect(holders).toEqual(['authority'])
    expect(Object.keys(good.client.data)).toEqual(['ca.crt', 'tls.crt', 'tls.key', 'dask.yaml'])
  })

  test('carry labels that Kubernetes takes', () => {
    for (const part of secretParts)
      for (const value of Object.values(good[part].metadata.labels))
        expect(value).toMatch(/^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/)
  })

  test('are the same for the same bundle', () => {
    expect(secretsOf(bundle, place, address)).toEqual(good)
  })
})

describe('dask.yaml', () => {
  test('says all that Client() needs', () => {
    expect(parse(renderDaskYaml({ schedulerAddress: address }))).toEqual({
      'scheduler-address': address,
      distributed: {
        comm: {
          'require-encryption': true,
          tls: {
            'ca-file': '/etc/dask/ca.crt',
            client: { cert: '/etc/dask/tls.crt', key: '/etc/dask/tls.key' },
          },
        },
      },
    })
  })

  test('leaves out what nobody knows yet', () => {
    expect(parse(renderDaskYaml({ schedulerAddress: undefined }))).not.toHaveProperty('scheduler-address')
  })

  test('no address becomes anything but an address', () => {
    fc.assert(
      fc.property(fc.string(), hostile => {
        expect(parse(renderDaskYaml({ schedulerAddress: hostile }))).toMatchObject({
          'scheduler-address': hostile,
        })
      }),
    )
  })
})
