import { expect, test } from 'vitest'
import { machineOf } from '../../src/clouds/digitalocean/droplets.ts'
import { Ending } from '../../src/clouds/digitalocean/ending.ts'
import { Off } from '../../src/clouds/digitalocean/off.ts'
import { admittedBy, isAsMade, sshBy } from '../../src/clouds/digitalocean/rules.ts'
import type { Droplet, Firewall, Image, Size, Tag } from '../../src/clouds/digitalocean/sdk.ts'
import { readTags } from '../../src/clouds/digitalocean/tags.ts'
import { isRecord } from '../../src/lib/parse.ts'
import { installationId, machineId } from '../../src/model/names.ts'
import { doModel, mockedAnswers } from '../support/digitalocean/model.ts'

/** All things of a kind in the answers that DigitalOcean's own client is tested with. */
async function mocked<T>(word: string): Promise<readonly T[]> {
  const found = (await mockedAnswers(word)).flatMap(answer => {
    const value = answer[word]
    return Array.isArray(value) ? value : [value]
  })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what they are is what is tried here
  return found.filter(isRecord) as readonly T[]
}

const sight = { ending: new Ending(() => 0), off: new Off(() => 0) }

test('droplets as DigitalOcean’s client is tested with them are read: their state, their addresses, their tags', async () => {
  const droplets = await mocked<Droplet>('droplets')
  expect(droplets.length).toBeGreaterThan(0)
  const whole = droplets.filter(({ networks, status }) => networks !== undefined && status === 'active')
  expect(whole.length).toBeGreaterThan(0)
  for (const droplet of whole) {
    expect(readTags(droplet.tags ?? [])).toEqual({})
    const ours = { installation: installationId('ours'), isSealed: () => true }
    expect(machineOf(droplet, ours, sight)).toBeUndefined()
    const tags = [
      'dask-installation:ours',
      'dask-cluster:c2a8880b-42d2-481a-8702-81c83ade6811:a:b:0',
      'dask-launch:63507e7ee2dbebf9-0:c2a8880b-42d2-481a-8702-81c83ade6811:w:default:3:v1:0',
    ]
    const named = { ...droplet, name: 'dask-63507e7ee2dbebf9-0-0001', tags: tags.map(plain) }
    const [{ ip_address: internal } = { ip_address: '' }] = (droplet.networks.v4 ?? []).filter(
      ({ type }) => type === 'private',
    )
    const state = machineOf(named, ours, sight)?.state
    const want =
      internal === ''
        ? { kind: 'starting' }
        : { kind: 'running', addresses: { internal: { host: internal } } }
    expect(state).toMatchObject(want)
    expect(machineOf(named, ours, sight)?.id).toBe(machineId(String(droplet.id)))
  }
})

/** The fingerprint's colon is written as its byte. */
const plain = (tag: string): string => tag.replace(':v1:0', ':v1_3a0:0')

test('firewalls are read: whom they let in, and that they are none of ours', async () => {
  const firewalls = await mocked<Firewall>('firewalls')
  expect(firewalls.length).toBeGreaterThan(1)
  for (const firewall of firewalls) expect(isAsMade(firewall, 'dask')).toBe(false)
  expect(firewalls.flatMap(sshBy)).toContain('18.0.0.0/8')
  expect(firewalls.flatMap(admittedBy)).toEqual([])
})

test('sizes, images and tags have what is read of them', async () => {
  const [sizes, images, tags] = [
    await mocked<Size>('sizes'),
    await mocked<Image>('images'),
    await mocked<Tag>('tags'),
  ]
  expect(Math.min(sizes.length, images.length, tags.length)).toBeGreaterThan(0)
  for (const { slug, regions, available, disk } of sizes)
    expect([typeof slug, Array.isArray(regions), typeof available, typeof disk]).toEqual([
      'string',
      true,
      'boolean',
      'number',
    ])
  for (const { regions, min_disk_size: least } of images)
    expect([Array.isArray(regions), typeof least]).toEqual([true, 'number'])
})

test('the comparison finds what is not described, and what is of another kind', async () => {
  const model = await doModel()
  expect(model.request('droplets.create', { names: ['a'], nosuch: 1 })).toEqual([
    'droplets.create.nosuch is not in Droplet_multi_create',
  ])
  expect(model.request('firewalls.create', { inbound_rules: [{ ports: 22 }] })).toHaveLength(1)
  expect(
    model.answer('droplets.list', { droplets: [{ id: 'seven', networks: { v4: [{ ip: 'x' }] } }] }),
  ).toHaveLength(2)
})
