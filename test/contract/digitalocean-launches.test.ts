import { afterEach, expect, test, vi } from 'vitest'
import { machineId } from '../../src/model/names.ts'
import { atWork, patience, workers } from '../support/digitalocean/at-work.ts'
import { requireLikeness } from '../support/digitalocean/clouds.ts'
import type { Options } from '../support/digitalocean/server.ts'
import { failure } from '../support/fault-of.ts'

type Ground = Awaited<ReturnType<typeof atWork>>

let ground: Ground | undefined

async function aTeam(options: Options = {}): Promise<Ground> {
  vi.useFakeTimers({ toFake: ['performance'] })
  ground = await atWork(options)
  return ground
}

afterEach(async () => {
  vi.useRealTimers()
  const ended = ground
  ground = undefined
  await ended?.[Symbol.asyncDispose]()
  requireLikeness(ended)
})

const later = (ms: number): void => void vi.advanceTimersByTime(ms)

test('ten of a launch are made by one request, with tags, keys, a VPC and no public address where none is asked for', async () => {
  const { open, home, asked } = await aTeam()
  const [vpc = ''] = home.vpcs.keys()
  const cloud = await open('ours', {
    vpc,
    sshKeys: ['512190', '3b:16:bf:e4:8b:00:8b:b8:59:8c:a9:d3:f0:19:45:fa'],
    tags: ['team:data'],
    ipv6: true,
    monitoring: true,
    workerAddresses: 'Private',
  })
  const { machines } = await cloud.launch(workers(10), patience)
  expect(machines).toEqual(home.droplets.map(({ id }) => machineId(String(id))))
  expect(asked('droplets.create').map(({ body }) => body)).toMatchObject([
    { vpc_uuid: vpc, ssh_keys: [512_190, expect.any(String)], public_networking: false, monitoring: true },
  ])
  expect([...(home.droplets[0]?.tags ?? [])]).toEqual([
    'dask-installation:ours',
    expect.stringMatching(/^dask-cluster:/),
    expect.stringMatching(/^dask-launch:/),
    'team:data',
  ])
})

test('an answer that was lost: its tag tells what was made', async () => {
  const { ours, home, cloud } = await aTeam()
  const request = workers(3)
  cloud.script.add('droplets.create', { kind: 'drop' })
  expect(await failure(ours.launch(request, patience))).toMatchObject({ fault: 'lost' })
  const { machines } = await ours.launch(request, patience)
  expect([machines.length, home.droplets.length]).toEqual([3, 3])
})

test('an answer that was lost, and nothing to be seen: it is asked for again after a minute, and not before', async () => {
  const { ours, home, cloud, asked } = await aTeam()
  const request = workers(2)
  cloud.script.add('droplets.create', { kind: 'reset' })
  await failure(ours.launch(request, patience))
  expect(await failure(ours.launch(request, patience))).toMatchObject({ fault: 'lost' })
  expect(asked('droplets.create')).toHaveLength(1)
  later(60_000)
  await ours.launch(request, patience)
  expect([asked('droplets.create').length, home.droplets.length]).toEqual([2, 2])
})

test('a refusal is certain: the next try is made at once', async () => {
  const { ours, home, cloud } = await aTeam()
  const request = workers(2)
  cloud.script.add('droplets.create', { kind: 'refuse', status: 429, reason: 'too_many_requests' })
  home.limit = 1
  expect(await failure(ours.launch(request, patience))).toMatchObject({ fault: 'throttled' })
  later(5_000)
  expect(await failure(ours.launch(request, patience))).toMatchObject({ fault: 'quota' })
  home.limit = 10
  await ours.launch(request, patience)
  expect(home.droplets).toHaveLength(2)
})

test('two who launch the same at once make it once', async () => {
  const { ours, home } = await aTeam()
  const request = workers(2)
  const both = await Promise.all([ours.launch(request, patience), ours.launch(request, patience)])
  expect(both[0]).toEqual(both[1])
  expect(home.droplets).toHaveLength(2)
})

test('a stranger’s droplet with a copy of the launch’s tag is none of its machines', async () => {
  const { ours, home, open } = await aTeam()
  const request = workers(1)
  await ours.launch(request, patience)
  const [droplet] = home.droplets
  if (droplet === undefined) throw new Error('there is none')
  home.droplets.push({ ...droplet, id: 7, name: 'web-1', tags: new Set(droplet.tags) })
  const anew = await open('ours')
  expect(await anew.launch(request, patience)).toEqual({ machines: [machineId(String(droplet.id))] })
  await anew.terminate([machineId('7')], patience)
  expect(home.alive.map(({ name }) => name)).toContain('web-1')
})

test('a part of what an unanswered request made shows first: the whole is waited for', async () => {
  const { ours, home, cloud } = await aTeam()
  const request = workers(3)
  cloud.script.add('droplets.create', { kind: 'drop' })
  await failure(ours.launch(request, patience))
  const [first] = home.droplets
  home.hidden.add(first?.name ?? '')
  expect(await failure(ours.launch(request, patience))).toMatchObject({ fault: 'lost' })
  home.hidden.clear()
  expect((await ours.launch(request, patience)).machines).toHaveLength(3)
  expect(home.droplets).toHaveLength(3)
})
