import { expect, test } from 'vitest'
import { Broom, type SeenTag } from '../../src/clouds/digitalocean/broom.ts'
import { endpointIn } from '../../src/clouds/digitalocean/endpoints.ts'
import { DigitalOceanGate } from '../../src/clouds/digitalocean/gate.ts'
import { Off } from '../../src/clouds/digitalocean/off.ts'
import {
  clusterTag,
  launchTag,
  readClusterTag,
  readLaunchTag,
  readTags,
} from '../../src/clouds/digitalocean/tags.ts'
import { Tries } from '../../src/clouds/digitalocean/tries.ts'
import { CloudError } from '../../src/model/faults.ts'
import { clusterKey, clusterUid, machineId } from '../../src/model/names.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

const patient = { signal: new AbortController().signal }
const soon = () => ({ signal: AbortSignal.timeout(1) })
const minutes = (many: number): number => many * 60_000

const marks = {
  installation: '8e4a41ce2929dfbd',
  uid: 'c2a8880b-42d2-481a-8702-81c83ade6811',
  cluster: `${'n'.repeat(63)}/${'a.b'.repeat(16)}`,
  role: 'worker',
  group: 'g'.repeat(40),
  launch: '63507e7ee2dbebf9',
  seq: '1234567',
  fingerprint: `v1:${'0123456789abcdef'.repeat(2)}.01234567`,
  seal: '0123456789abcdef0123456789abcdef',
}

test('tags hold all that a droplet says of itself, in words that DigitalOcean takes', () => {
  const tags = [
    'dask-installation:8e4a41ce2929dfbd',
    clusterTag({ ...marks, seal: 'f'.repeat(32) }),
    launchTag(`${marks.launch}-12`, marks),
    'team:data',
  ]
  for (const tag of tags) expect(tag).toMatch(/^[A-Za-z0-9:_-]{1,255}$/)
  expect(readTags(tags)).toEqual(marks)
  // As DigitalOcean would keep them, had somebody spelt them so before.
  expect(readLaunchTag(tags[2]?.replace('dask-launch', 'Dask-Launch') ?? '')).toMatchObject({
    launch: marks.launch,
  })
})

test.each([
  'team:data',
  'dask-launch:63507e7ee2dbebf9-0',
  'dask-cluster:a:b',
  'dask-cluster:::::::',
  'dask-launch:::::::',
])('%s is no tag of ours', tag => {
  expect([readLaunchTag(tag), readClusterTag(tag)]).toEqual([undefined, undefined])
})

test('tags of two clusters make no machine of either', () => {
  const other = clusterTag({ ...marks, uid: '00000000-0000-0000-0000-000000000000' })
  expect(readTags([other, launchTag('63507e7ee2dbebf9-0', marks)]).uid).toBe('')
})

test('250 a minute and 5,000 an hour are never passed, whatever is asked', async () => {
  const clock = new VirtualClock()
  const gate = new DigitalOceanGate(clock.now)
  const passed: number[] = []
  for (let second = 0; second < 7_200; second++) {
    for (let more = true; more; ) {
      more = await gate.pass('droplets.create', soon()).then(
        () => true,
        () => false,
      )
      if (more) passed.push(clock.now())
      if (passed.length > 20_000) throw new Error('there is no end')
      if (more && passed.filter(at => at === clock.now()).length > 300) break
    }
    clock.moveTo(clock.now() + 10_000)
    if (second > 720) break
  }
  const most = (ms: number): number =>
    Math.max(...passed.map((at, index) => passed.slice(index).filter(each => each - at < ms).length))
  expect(most(60_000)).toBeLessThanOrEqual(250)
  expect(most(3_600_000)).toBeLessThanOrEqual(5_000)
  expect(most(3_600_000)).toBeGreaterThan(4_000)
}, 60_000)

test('with few requests left what takes waits, ends go on, and looks are further apart', async () => {
  const clock = new VirtualClock()
  const gate = new DigitalOceanGate(clock.now)
  gate.heard({ remaining: 200, resetMs: minutes(30), retryAfterMs: undefined })
  await expect(gate.pass('droplets.create', patient)).rejects.toMatchObject({
    fault: 'throttled',
    message: expect.stringContaining('before 00:30 UTC'),
  })
  await gate.pass('droplets.delete', patient)
  await gate.pass('droplets.list', patient)
  await expect(gate.pass('droplets.list', soon())).rejects.toMatchObject({ fault: 'throttled' })
  clock.moveTo(clock.now() + 30_000)
  await gate.pass('droplets.list', patient)
  gate.heard({ remaining: 40, resetMs: minutes(29), retryAfterMs: undefined })
  clock.moveTo(clock.now() + 60_000)
  await expect(gate.pass('droplets.list', patient)).rejects.toMatchObject({ fault: 'throttled' })
  await gate.pass('droplets.delete', patient)
  gate.heard({ remaining: 4_000, resetMs: minutes(29), retryAfterMs: undefined })
  await gate.pass('droplets.create', patient)
})

test('what was refused for its number closes everything for as long as DigitalOcean says', async () => {
  const clock = new VirtualClock()
  const gate = new DigitalOceanGate(clock.now)
  gate.refused({ remaining: 0, resetMs: minutes(60), retryAfterMs: 45_000 })
  await expect(gate.pass('droplets.delete', patient)).rejects.toMatchObject({ fault: 'throttled' })
  clock.moveTo(clock.now() + 46_000)
  await gate.pass('droplets.delete', patient)
})

const fail = (fault: 'lost' | 'quota') => () => Promise.reject(new CloudError(fault, 'no'))

test('what was sent and not answered is not sent again for a minute; what was refused is at once', async () => {
  const clock = new VirtualClock()
  const tries = new Tries(clock.now)
  await tries.send('a', fail('quota')).catch(() => undefined)
  tries.requireClear('a')
  await tries.send('a', fail('lost')).catch(() => undefined)
  expect(() => tries.requireClear('a')).toThrow('nobody knows yet')
  clock.moveTo(clock.now() + 60_000)
  tries.requireClear('a')
  await tries.send('a', () => Promise.resolve('made'))
  tries.requireClear('a')
})

test('a droplet is off for good after 45 s, and after ten minutes while it is locked', () => {
  const clock = new VirtualClock()
  const off = new Off(clock.now)
  const id = machineId('500000001')
  const looks = (status: string, locked = false): boolean => off.isLasting(id, { status, locked })
  expect(looks('off')).toBe(false)
  clock.moveTo(clock.now() + 44_000)
  expect([looks('off'), looks('active'), looks('off')]).toEqual([false, false, false])
  clock.moveTo(clock.now() + 45_000)
  expect([looks('off'), looks('off', true)]).toEqual([true, false])
  clock.moveTo(clock.now() + 600_000)
  expect(looks('off', true)).toBe(true)
  off.keepOnly(new Set())
  expect(looks('off')).toBe(false)
})

test('tags are looked through each five minutes, and those of launches go after an hour without use', () => {
  const clock = new VirtualClock()
  const broom = new Broom(clock.now)
  const owner = { uid: clusterUid(marks.uid), key: clusterKey('a', 'b') }
  const tag = (name: string, change: Partial<SeenTag> = {}): SeenTag => ({
    name,
    owner,
    isOfLaunch: true,
    isUsed: false,
    ...change,
  })
  expect([broom.isDue(), broom.isDue()]).toEqual([true, false])
  expect(broom.meet([tag('a'), tag('b', { isUsed: true }), tag('c', { isOfLaunch: false })])).toEqual([])
  clock.moveTo(clock.now() + minutes(59))
  expect(broom.isDue()).toBe(true)
  expect(broom.meet([tag('a'), tag('b')])).toEqual([])
  clock.moveTo(clock.now() + minutes(1))
  expect(broom.meet([tag('a'), tag('b'), tag('c', { isOfLaunch: false })])).toEqual(['a'])
  expect(broom.owners).toHaveLength(3)
  broom.forget(owner)
  expect(broom.owners).toEqual([])
})

test.each([
  { given: {}, want: 'https://api.digitalocean.com/v2' },
  { given: { DIGITALOCEAN_API_URL: 'https://localhost:8443/' }, want: 'https://localhost:8443/v2' },
])('DigitalOcean is at $want', ({ given, want }) => {
  expect(endpointIn(given)).toBe(want)
})

test.each(['http://localhost:8080', 'api.digitalocean.com'])('%s is not where a token is sent', url => {
  expect(() => endpointIn({ DIGITALOCEAN_API_URL: url })).toThrow('HTTPS')
})
