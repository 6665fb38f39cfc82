import { afterEach, describe, expect, test } from 'vitest'
import { atWork, choices } from '../support/azure/at-work.ts'
import { requireLikeness } from '../support/azure/clouds.ts'
import type { Options } from '../support/azure/server.ts'
import { failure } from '../support/fault-of.ts'

type Work = Awaited<ReturnType<typeof atWork>>
let ground: Work | undefined

async function begun(options: Options = {}): Promise<Work> {
  ground = await atWork(options)
  return ground
}

afterEach(async () => {
  const ended = ground
  ground = undefined
  await ended?.[Symbol.asyncDispose]()
  requireLikeness(ended)
})

describe('choices', () => {
  test('each size boots the newest image for its processors and generation', async () => {
    const { cloud } = await begun()
    const found = await choices(cloud, ['Standard_D4s_v5', 'Standard_D4pls_v5', 'Standard_A2_v2'])
    expect(found.map(each => each.split(' ').slice(3).join(' '))).toEqual([
      'Canonical:ubuntu-24_04-lts:server:24.04.202608010 own TrustedLaunch',
      'Canonical:ubuntu-24_04-lts:server-arm64:24.04.202608010 own TrustedLaunch',
      'Canonical:ubuntu-24_04-lts:server-gen1:24.04.202608010 own Standard',
    ])
  })

  test('zones, spot before on demand, and an ephemeral disk where there is room', async () => {
    const { open, settings } = await begun()
    const cloud = await open('ours', { ...settings, zones: ['3', '1'], osDisk: { ephemeral: true } })
    const found = await choices(cloud, ['Standard_D4ds_v5'], {
      purchasing: 'SpotOrOnDemand',
    })
    expect(
      found.map(each =>
        each
          .split(' ')
          .filter((_, at) => [0, 1, 2, 6].includes(at))
          .join(' '),
      ),
    ).toEqual([
      'Standard_D4ds_v5 3 Spot CacheDisk',
      'Standard_D4ds_v5 1 Spot CacheDisk',
      'Standard_D4ds_v5 3 OnDemand CacheDisk',
      'Standard_D4ds_v5 1 OnDemand CacheDisk',
    ])
  })

  test('a size that the subscription does not get is passed over where another can be had', async () => {
    const { cloud } = await begun()
    expect(await choices(cloud, ['Standard_M8ms', 'Standard_D4s_v5'])).toHaveLength(1)
    expect(await failure(choices(cloud, ['Standard_M8ms']))).toMatchObject({ fault: 'no-capacity' })
  })

  test.each([
    [{}, ['Standard_X1'], 'westeurope has no virtual machine of size Standard_X1: correct sizes'],
    [{}, ['Standard_NC4as_T4_v3'], 'name one in spec.cloud.azure.image'],
    [{ zones: ['3'] }, ['Standard_D4pls_v5'], 'correct spec.cloud.azure.zones or sizes'],
    [{ image: { urn: 'acme:none:x:latest' } }, ['Standard_D4s_v5'], 'correct spec.cloud.azure.image'],
    [{ image: { urn: 'acme:dask-gpu:cuda:1.0.0' } }, ['Standard_D4pls_v5'], 'choose another size or image'],
    [
      { osDisk: { ephemeral: true } },
      ['Standard_D4ds_v5', 'Standard_D4pls_v5'],
      'Standard_D4pls_v5 has no room of its own for a disk of 30 GiB',
    ],
    [{ osDisk: { ephemeral: true, sizeGiB: 200 } }, ['Standard_D4ds_v5'], 'for a disk of 200 GiB'],
    [{ osDisk: { type: 'Premium_LRS' } }, ['Standard_A2_v2'], 'correct spec.cloud.azure.osDisk.type'],
  ])('%o with %o is refused by its field', async (change, sizes, says) => {
    const { open, settings } = await begun()
    const told = await failure(choices(await open('ours', { ...settings, ...change }), sizes))
    expect(told).toMatchObject({ fault: 'invalid', says: expect.stringContaining(says) })
  })
})
