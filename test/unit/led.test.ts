import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { asLeader, ledCloud, ledKube, ledSchedulers } from '../../src/app/led.ts'
import { memoryJournal } from '../../src/clouds/simulated/journal.ts'
import { SimulatedCloud } from '../../src/clouds/simulated/provider.ts'
import { SimulatedSchedulers } from '../../src/clouds/simulated/schedulers.ts'
import { SimulatedWorld } from '../../src/clouds/simulated/world.ts'
import type { KubeRequest } from '../../src/kube/transport.ts'
import { wait } from '../../src/lib/wait.ts'
import { CloudError } from '../../src/model/faults.ts'
import {
  clusterKey,
  clusterUid,
  fingerprint,
  installationId,
  launchId,
  machineId,
} from '../../src/model/names.ts'

const owner = { uid: clusterUid('00000000-0000-4000-8000-00000000000a'), key: clusterKey('team-a', 'demo') }
const call = { signal: new AbortController().signal }
const machines = [machineId('sim-00000000')]

/** A cloud of slow answers in the hands of a leader, and what the cloud has heard. */
function stage() {
  const heard: string[] = []
  const around = { now: Date.now, tempo: { lagMs: 0, startMs: 0, joinMs: 0, endMs: 0 } }
  const journal = memoryJournal()
  const note: typeof journal = {
    news: () => journal.news(),
    write: mark => {
      if (mark.kind === 'asked') heard.push(mark.call)
      journal.write(mark)
    },
  }
  const raw = new SimulatedCloud({
    world: new SimulatedWorld({ ...around, journal: note }),
    installation: installationId('ours'),
    now: Date.now,
    wait,
    script: name => {
      if (name === 'list' || name === 'rehearse') heard.push(name)
      return { answerMs: 60_000 }
    },
    horizonMs: 10_000,
    stableAddress: true,
  })
  const end = new AbortController()
  const lease = {
    leftMs: Infinity,
    remainingMs: () => lease.leftMs,
    signal: end.signal,
    lose: () => end.abort(new Error('lost')),
  }
  const led = asLeader(lease)
  return { heard, lease, cloud: ledCloud(raw, led), schedulers: ledSchedulers(raw.schedulers, led), raw }
}

const request = {
  token: 'a',
  launch: launchId('00000000000000aa'),
  owner,
  role: 'worker' as const,
  group: 'default',
  count: 1,
  seq: 1,
  fingerprint: fingerprint('v1:a'),
  offering: '',
  userData: '',
  address: undefined,
  exposure: 'Public' as const,
}

const wish = { schedulerSizes: [], workerSizes: [], exposure: 'Public' as const }

type Stage = ReturnType<typeof stage>

/** Everything that a cloud can be asked, and what it hears then. */
const calls = {
  list: ({ cloud }: Stage) => cloud.list(call),
  launch: ({ cloud }: Stage) => cloud.launch(request, call),
  terminate: ({ cloud }: Stage) => cloud.terminate(machines, call),
  reserve: ({ cloud }: Stage) => cloud.reserveAddress({ owner, exposure: 'Public', admitted: [] }, call),
  release: ({ cloud }: Stage) => cloud.releaseAddress(owner.uid, call),
  rehearse: async ({ cloud }: Stage) => cloud.rehearsals?.(wish).network?.(call),
  drain: ({ schedulers }: Stage) => schedulers.drain(owner.uid, machines, call),
  close: ({ schedulers }: Stage) => schedulers.close(owner.uid, machines, call),
}
const names = Object.keys(calls) as (keyof typeof calls)[]
const slow = names.filter(name => !['rehearse', 'drain', 'close'].includes(name))

beforeEach(() => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
})

test.each(names)('%s begins while the lease lasts', async name => {
  const at = stage()
  at.lease.leftMs = 1
  void calls[name](at).catch(() => undefined)
  await vi.advanceTimersByTimeAsync(0)
  expect(at.heard).toEqual([name])
})

test.each(names)('%s does not begin at the lease’s deadline, nor after it', async name => {
  const at = stage()
  for (const leftMs of [0, -30_000]) {
    at.lease.leftMs = leftMs
    await expect(calls[name](at)).rejects.toBeInstanceOf(CloudError)
  }
  expect(at.heard).toEqual([])
})

test.each(slow)('%s goes on while the lease is renewed, and ends as soon as it is lost', async name => {
  const at = stage()
  at.lease.leftMs = 1_000
  const ended: unknown[] = []
  void calls[name](at).catch((error: unknown) => ended.push(error))
  await vi.advanceTimersByTimeAsync(4_000)
  expect(ended).toEqual([])
  at.lease.lose()
  await vi.advanceTimersByTimeAsync(0)
  expect(ended).toEqual([expect.objectContaining({ fault: 'timeout' })])
})

test('without another replica a call lasts as long as it may anyway', async () => {
  const at = stage()
  const ended: unknown[] = []
  void at.cloud.terminate(machines, call).catch((error: unknown) => ended.push(error))
  await vi.advanceTimersByTimeAsync(9_999)
  expect(ended).toEqual([])
  await vi.advanceTimersByTimeAsync(1)
  expect(ended).toHaveLength(1)
})

/** Methods and getters of a class, whatever they will be. */
const membersOf = ({ prototype }: { readonly prototype: object }): readonly string[] =>
  Object.getOwnPropertyNames(prototype).filter(name => name !== 'constructor')

/** These ask nobody anything; what rehearsals gives does, and is tried above. */
const silent: ReadonlySet<string> = new Set(['promises', 'view', 'forget', 'rehearsals'])

test('no call of a cloud is left out', async () => {
  const { cloud, schedulers, raw, lease } = stage()
  expect(Object.keys(cloud).toSorted()).toEqual(
    [...membersOf(SimulatedCloud), ...Object.keys(raw)].toSorted(),
  )
  expect(Object.keys(schedulers).toSorted()).toEqual(membersOf(SimulatedSchedulers).toSorted())
  lease.leftMs = 0
  // A connection is closed whoever leads.
  const ofCloud = membersOf(SimulatedCloud).filter(name => name !== 'close')
  await Promise.all([
    ...ofCloud.map(name => refuses(cloud, name)),
    ...membersOf(SimulatedSchedulers).map(name => refuses(schedulers, name)),
  ])
})

async function refuses(part: object, name: string): Promise<void> {
  if (silent.has(name)) return
  const method: unknown = Reflect.get(part, name)
  if (typeof method !== 'function') throw new Error(`${name} is no method`)
  await expect(Reflect.apply(method, part, [])).rejects.toBeInstanceOf(CloudError)
}

test.each([
  { leftMs: 1, gone: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] },
  { leftMs: 0, gone: ['GET'] },
])('with $leftMs ms left the API server hears of $gone', async ({ leftMs, gone }) => {
  const heard: string[] = []
  const server = { request: async ({ method }: KubeRequest) => void heard.push(method) }
  const kube = ledKube(server, () => leftMs)
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const)
    await kube.request({ method, path: '/' }, call).catch(() => undefined)
  expect(heard).toEqual(gone)
})
