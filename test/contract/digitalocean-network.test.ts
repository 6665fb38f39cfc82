import { afterEach, expect, test, vi } from 'vitest'
import { atWork, networkOf, patience, workers } from '../support/digitalocean/at-work.ts'
import { requireLikeness } from '../support/digitalocean/clouds.ts'
import type { Options } from '../support/digitalocean/server.ts'
import { mayReach } from '../support/digitalocean/team.ts'
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

test('a cluster has a firewall of its own by a tag, and all of it goes with the cluster', async () => {
  const { ours, home, left, open } = await aTeam({ tempo: { deleteMs: 0 } })
  const owner = anOwner()
  const network = await ours.reserveAddress(networkOf(owner), patience)
  expect(network).toEqual({
    owner: owner.uid,
    key: owner.key,
    admitted: ['192.0.2.0/24', '2001:db8::/64'],
    network: 'without SSH',
  })
  await ours.launch(workers(1, { owner, role: 'scheduler', group: 'scheduler' }), patience)
  await ours.launch(workers(3, { owner }), patience)
  const [scheduler, worker, other] = home.droplets
  if (scheduler === undefined || worker === undefined || other === undefined) throw new Error('too few')
  expect([
    mayReach(home, '192.0.2.9', scheduler, 8786),
    mayReach(home, '203.0.113.9', scheduler, 8786),
    mayReach(home, '192.0.2.9', worker, 9000),
    mayReach(home, other, worker, 9000),
    mayReach(home, other, worker, 22),
  ]).toEqual([true, false, false, true, false])
  const { machines } = await ours.list(patience)
  await ours.terminate(
    machines.map(({ id }) => id),
    patience,
  )
  // By an operator that has seen nothing of it, too.
  await (await open('ours')).releaseAddress(owner.uid, patience)
  expect(left().filter(each => !each.startsWith('droplet'))).toEqual(['tag dask-installation:ours'])
})

test('a firewall that somebody has changed is made again as it was, and who is let in changes with the cluster', async () => {
  const { ours, home } = await aTeam()
  const owner = anOwner()
  await ours.reserveAddress(networkOf(owner), patience)
  const [firewall] = [...home.firewalls.values()]
  if (firewall === undefined) throw new Error('there is none')
  firewall.inbound = [
    ...firewall.inbound,
    { protocol: 'tcp', ports: '22', addresses: ['0.0.0.0/0'], tags: [] },
  ]
  later(61_000)
  expect((await ours.list(patience)).networks).toMatchObject([{ network: 'SSH from 0.0.0.0/0' }])
  const made = await ours.reserveAddress(networkOf(owner, { admitted: ['198.51.100.0/24'] }), patience)
  expect(made).toMatchObject({ admitted: ['198.51.100.0/24'], network: 'without SSH' })
  expect(home.firewalls.size).toBe(1)
})

test('the dashboard is opened to whom it is to be, narrowed where somebody has widened it, and closed', async () => {
  const { ours, home } = await aTeam()
  const owner = anOwner()
  const shown = networkOf(owner, { viewers: ['192.0.2.7/32'] })
  const made = await ours.reserveAddress(shown, patience)
  expect(made).toMatchObject({ viewers: ['192.0.2.7/32'], network: 'without SSH' })
  await ours.launch(workers(1, { owner, role: 'scheduler', group: 'scheduler' }), patience)
  const [scheduler] = home.droplets
  const [firewall] = home.firewalls.values()
  if (scheduler === undefined || firewall === undefined) throw new Error('too few')
  const reached = () => ['192.0.2.7', '192.0.2.9'].map(from => mayReach(home, from, scheduler, 8787))
  expect(reached()).toEqual([true, false])
  firewall.inbound = firewall.inbound.map(rule =>
    rule.ports === '8787' ? { ...rule, addresses: ['0.0.0.0/0'] } : rule,
  )
  later(61_000)
  expect((await ours.list(patience)).networks).toMatchObject([{ viewers: ['0.0.0.0/0'] }])
  expect(await ours.reserveAddress(shown, patience)).toEqual(made)
  expect(reached()).toEqual([true, false])
  await ours.reserveAddress(networkOf(owner), patience)
  expect(reached()).toEqual([false, false])
})

test('a firewall is made once, though its answer was lost', async () => {
  const { ours, home, cloud } = await aTeam()
  const owner = anOwner()
  cloud.script.add('firewalls.create', { kind: 'drop' })
  expect(await failure(ours.reserveAddress(networkOf(owner), patience))).toMatchObject({ fault: 'lost' })
  await ours.reserveAddress(networkOf(owner), patience)
  expect(home.firewalls.size).toBe(1)
})

test('a droplet that somebody gave another name is none of ours, and nothing is taken away around it', async () => {
  const { ours, home } = await aTeam()
  const owner = anOwner()
  await ours.reserveAddress(networkOf(owner), patience)
  await ours.launch(workers(1, { owner }), patience)
  Object.assign(home.droplets[0] ?? {}, { name: 'mine-now' })
  expect(await ours.list(patience)).toMatchObject({ machines: [], strangers: 1 })
  expect(await failure(ours.releaseAddress(owner.uid, patience))).toMatchObject({ fault: 'not-yet' })
  expect(home.firewalls.size).toBe(1)
})

test('firewalls that DigitalOcean writes back in words of its own are as they were made', async () => {
  const { ours, home } = await aTeam()
  const owner = anOwner()
  const given = { admitted: ['198.51.100.7/32'] }
  await ours.reserveAddress(networkOf(owner, given), patience)
  const [firewall] = home.firewalls.values()
  if (firewall === undefined) throw new Error('there is none')
  expect(firewall.outbound.map(({ ports }) => ports)).toEqual(['0', '0'])
  firewall.inbound = firewall.inbound.map(rule => ({
    ...rule,
    addresses: rule.addresses.map(each => each.replace('/32', '')),
  }))
  later(61_000)
  expect((await ours.list(patience)).networks).toMatchObject([given])
})

test('a cluster of which only a tag is left is one whose remains are told', async () => {
  const { ours, home, open, cloud } = await aTeam()
  const owner = anOwner()
  cloud.script.add('firewalls.create', { kind: 'refuse', status: 500, reason: 'server_error' })
  await failure(ours.reserveAddress(networkOf(owner), patience))
  const anew = await open('ours')
  expect((await anew.list(patience)).remains).toEqual([owner])
  await anew.releaseAddress(owner.uid, patience)
  expect((await anew.list(patience)).remains).toEqual([])
  expect([...home.tags.values()]).toEqual([])
})
