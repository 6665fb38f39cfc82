import { afterEach, expect, test, vi } from 'vitest'
import { isAlive } from '../../src/model/machine.ts'
import { machineId } from '../../src/model/names.ts'
import { atWork, networkOf, patience, workers } from '../support/digitalocean/at-work.ts'
import { requireLikeness } from '../support/digitalocean/clouds.ts'
import type { Options } from '../support/digitalocean/server.ts'
import { failure } from '../support/fault-of.ts'
import { anOwner } from '../support/launch-request.ts'

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

test('a droplet is starting until it has its addresses, and of no use when it is off', async () => {
  const { ours, home } = await aTeam({ tempo: { addressMs: 3_600_000, bootMs: 7_200_000 } })
  await ours.launch(workers(2), patience)
  const states = async () => (await ours.list(patience)).machines.map(({ state }) => state)
  expect(await states()).toEqual([{ kind: 'starting' }, { kind: 'starting' }])
  const [first, second] = home.droplets
  if (first === undefined || second === undefined) throw new Error('too few')
  Object.assign(first, { bornAt: first.bornAt - 4_000_000 })
  second.isOff = true
  await states()
  // A power cycle is over by then.
  later(46_000)
  expect(home.statusOf(first)).toBe('new')
  expect(await states()).toEqual([
    {
      kind: 'running',
      addresses: {
        internal: { host: first.privateIp, port: 8786 },
        external: { host: first.publicIp, port: 8786 },
      },
    },
    { kind: 'stopped' },
  ])
})

test('a droplet that goes on being listed after its end is ended again', async () => {
  const { ours, home, asked } = await aTeam({ tempo: { deleteMs: 0 } })
  const { machines } = await ours.launch(workers(1), patience)
  await ours.terminate(machines, patience)
  const [droplet] = home.droplets
  if (droplet === undefined) throw new Error('there is none')
  droplet.deletedAt = undefined
  expect((await ours.list(patience)).machines.map(({ state }) => state.kind)).toEqual(['leaving'])
  later(301_000)
  expect((await ours.list(patience)).machines.filter(isAlive)).toHaveLength(1)
  await ours.terminate(machines, patience)
  expect(asked('droplets.delete')).toHaveLength(2)
})

test('more than a page of droplets are all listed, and none is lost that moves from one page to another meanwhile', async () => {
  const { ours, home, cloud } = await aTeam()
  home.limit = 1_000
  for (let at = 0; at < 21; at++) await ours.launch(workers(10), patience)
  expect(ours.promises.listEveryMs).toEqual({ busy: 3_500, resting: 15_000 })
  expect((await ours.list(patience)).machines).toHaveLength(210)
  // Each page is a request, and asked for twice: a quarter of the hour's is for lists.
  expect(ours.promises.listEveryMs).toEqual({ busy: 14_000, resting: 15_000 })
  const whenSecond = ({ method, page }: { readonly method: string; readonly page: number }): boolean => {
    if (method !== 'droplets.list' || page !== 2) return false
    // What is on the second page moves up to the first, where one reading does not look again.
    for (const each of home.alive.slice(0, 2)) each.deletedAt = 0
    return false
  }
  cloud.script.add(whenSecond, { kind: 'reset' })
  const listed = new Set((await ours.list(patience)).machines.map(({ id }) => Number(id)))
  expect(home.alive.filter(({ id }) => !listed.has(id))).toEqual([])
})

test('a list of which a part never comes is none', async () => {
  const { ours, cloud } = await aTeam()
  const half = { kind: 'answer', status: 200, body: '{"droplets":[],"links":{},"meta":{"total":7}}' } as const
  cloud.script.add('droplets.list', half, 4)
  expect(await failure(ours.list(patience))).toMatchObject({ fault: 'unavailable' })
})

test('the tag by which all are listed is taken away: that there are none is believed by nobody', async () => {
  const { ours, home } = await aTeam()
  await ours.launch(workers(1), patience)
  home.untag('dask-installation:ours')
  await ours.list(patience)
  later(46_000)
  expect(await failure(ours.list(patience))).toMatchObject({
    fault: 'unavailable',
    says: expect.stringContaining('none has dask-installation:ours'),
  })
  home.droplets[0]?.tags.add(home.tagged('dask-installation:ours'))
  expect((await ours.list(patience)).machines).toHaveLength(1)
})

test('a droplet from which somebody took the tag of its cluster is still ours, and ended', async () => {
  const { ours, home, open } = await aTeam()
  const { machines } = await ours.launch(workers(1), patience)
  const [droplet] = home.droplets
  for (const tag of droplet?.tags ?? []) if (tag.startsWith('dask-cluster:')) droplet?.tags.delete(tag)
  const anew = await open('ours')
  expect(await anew.list(patience)).toMatchObject({ machines: [{ id: machines[0] }], strangers: 0 })
  await anew.terminate(machines, patience)
  expect(home.alive).toEqual([])
})

test('look-alikes are left alone: droplets with copied tags, firewalls and tags with a seal of nobody', async () => {
  const { ours, home, open } = await aTeam({ tempo: { deleteMs: 0 } })
  const owner = anOwner()
  const { machines } = await ours.launch(workers(1, { owner }), patience)
  await ours.reserveAddress(networkOf(owner), patience)
  const [droplet] = home.droplets
  const [firewall] = home.firewalls.values()
  if (droplet === undefined || firewall === undefined) throw new Error('too few')
  const stranger = { ...droplet, id: 7, name: 'web-1', tags: new Set(droplet.tags) }
  const forged = {
    ...droplet,
    id: 8,
    name: droplet.name,
    tags: new Set([...droplet.tags].map(tag => tag.replace(/[0-9a-f]{32}$/, 'f'.repeat(32)))),
  }
  home.droplets.push(stranger, forged)
  for (const tag of forged.tags) home.tagged(tag)
  home.firewalls.set('x', { ...firewall, id: 'x', name: `dask-${owner.uid}.${'f'.repeat(32)}` })
  const anew = await open('ours')
  expect(await anew.list(patience)).toMatchObject({ machines: [{ id: machines[0] }], strangers: 2 })
  await anew.terminate([...machines, machineId('7'), machineId('8'), machineId('web-1')], patience)
  // Tags of ours are on a droplet that is none of ours: somebody has to look.
  expect(await failure(anew.releaseAddress(owner.uid, patience))).toMatchObject({ fault: 'not-yet' })
  expect(home.alive).toEqual([stranger, forged])
  stranger.tags.clear()
  await anew.releaseAddress(owner.uid, patience)
  expect([...home.firewalls.keys()]).toEqual(['x'])
  expect([...home.tags.values()].filter(tag => tag.endsWith('f'.repeat(32))).length).toBeGreaterThan(0)
})

test('tags of launches are taken away an hour after nothing has them, those of living ones never', async () => {
  const { ours, home } = await aTeam({ tempo: { deleteMs: 0 } })
  const [dead, alive] = [workers(1), workers(1)]
  const { machines } = await ours.launch(dead, patience)
  await ours.launch(alive, patience)
  await ours.terminate(machines, patience)
  const launches = (): number => [...home.tags.values()].filter(tag => tag.startsWith('dask-launch:')).length
  for (let minutes = 10; minutes <= 60; minutes += 10) {
    later(600_000)
    await ours.list(patience)
  }
  expect(launches()).toBe(2)
  later(600_000)
  await ours.list(patience)
  expect(launches()).toBe(1)
  expect([...home.tags.values()].some(tag => tag.includes(alive.token))).toBe(true)
})
