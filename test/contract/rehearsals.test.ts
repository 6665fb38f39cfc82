import { expect, test } from 'vitest'
import type { Cloud, RehearsalWish } from '../../src/clouds/contract.ts'
import { CloudError } from '../../src/model/faults.ts'
import {
  aGroup,
  anAwsGround,
  printedPolicy,
  requireLikeness as requireAws,
} from '../support/aws/aws-ground.ts'
import { homeKey } from '../support/aws/ec2.ts'
import { ec2Model } from '../support/aws/model.ts'
import { atWork as azureAtWork } from '../support/azure/at-work.ts'
import { requireLikeness as requireAzure } from '../support/azure/clouds.ts'
import { atWork as digitalOceanAtWork } from '../support/digitalocean/at-work.ts'
import { requireLikeness as requireDigitalOcean } from '../support/digitalocean/clouds.ts'
import { requireLikeness as requireGcp, someGcpClouds } from '../support/gcp/clouds.ts'
import { computeModel } from '../support/gcp/model.ts'

const call = { signal: AbortSignal.timeout(120_000) }
const usual: RehearsalWish = { schedulerSizes: [], workerSizes: [], exposure: 'Private' }

/** What each rehearsal finds, as `FAULT: MESSAGE`; '' where it works. */
async function found(cloud: Cloud, wish: Partial<RehearsalWish> = {}) {
  const looks = Object.entries(cloud.rehearsals?.({ ...usual, ...wish }) ?? {})
  const told = looks.map(async ([part, look]) => {
    const said = await look(call).then(
      () => '',
      (error: unknown) => (error instanceof CloudError ? `${error.fault}: ${error.message}` : String(error)),
    )
    return [part, said] as const
  })
  return Object.fromEntries(await Promise.all(told))
}

const wrong = { workerSizes: ['none.such', 'nor.this'] }

test('EC2: subnets, images and sizes are looked up, a machine is asked for in vain, and nothing is made', async () => {
  await using ground = await anAwsGround({ model: await ec2Model() })
  const group = aGroup(ground.home, 'sg-0000000000000000a')
  const cloud = await ground.open('ours')
  expect(await found(cloud)).toEqual({ network: '', images: '', sizes: '', rights: '' })
  const said = await found(cloud, wrong)
  expect(said).toMatchObject({ network: '', images: '', rights: '' })
  expect(said['sizes']).toMatch(/^invalid: .*none\.such.*; .*nor\.this/)
  const lost = await ground.open('ours', { subnets: ['subnet-0123456789abcdef0'] })
  expect((await found(lost))['network']).toMatch(/^invalid: /)
  const noImage = await ground.open('ours', { image: { id: 'ami-0123456789abcdef0' } })
  expect((await found(noImage))['images']).toMatch(/^invalid: .*ami-0123456789abcdef0/)
  const guarded = await ground.open('ours', { securityGroups: { scheduler: [group], workers: [group] } })
  expect(await found(guarded)).toEqual({ network: '', images: '', sizes: '', rights: '' })
  const key = ground.ec2.world.keys.get(homeKey)
  if (key !== undefined)
    key.policy = {
      ...printedPolicy,
      Statement: printedPolicy.Statement.filter(({ Action }) => !Action.includes('ec2:RunInstances')),
    }
  expect((await found(cloud))['rights']).toMatch(/^unauthorized: /)
  expect(ground.home.instances.size).toBe(0)
  for (const each of [cloud, lost, noImage, guarded]) await each.close()
  requireAws(ground.ec2)
})

test('Compute Engine: the network, images and machine types are looked up', async () => {
  await using ground = await someGcpClouds({ model: await computeModel() })
  const cloud = await ground.open('ours')
  expect(await found(cloud)).toEqual({ network: '', images: '', sizes: '' })
  expect((await found(cloud, wrong))['sizes']).toMatch(/^invalid: .*none\.such.*; .*nor\.this/)
  const lost = await ground.open('ours', { network: 'nowhere' })
  expect((await found(lost))['network']).toMatch(/^invalid: There is no network nowhere/)
  for (const each of [cloud, lost]) await each.close()
  requireGcp(ground)
})

test('Azure: a named subnet, images and sizes are looked up; a network that is made for a cluster is not', async () => {
  await using ground = await azureAtWork()
  const { cloud, settings, open } = ground
  expect(await found(cloud)).toEqual({ network: '', images: '', sizes: '' })
  expect((await found(cloud, wrong))['sizes']).toMatch(/^invalid: .*none\.such.*; .*nor\.this/)
  const bare = await open('ours')
  expect(await found(bare)).toEqual({ images: '', sizes: '' })
  const subnet = { resourceGroup: 'nets', virtualNetwork: 'nowhere', name: 'a' }
  const lost = await open('ours', { ...settings, subnet })
  expect((await found(lost))['network']).toMatch(/^invalid: There is no virtual network nowhere/)
  for (const each of [cloud, bare, lost]) await each.close()
  requireAzure(ground)
})

test('DigitalOcean: images and sizes are looked up', async () => {
  await using ground = await digitalOceanAtWork()
  expect(await found(ground.ours)).toEqual({ images: '', sizes: '' })
  expect((await found(ground.ours, wrong))['sizes']).toMatch(/^invalid: .*none\.such.*; .*nor\.this/)
  await ground.ours.close()
  requireDigitalOcean(ground)
})
