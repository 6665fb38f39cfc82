import { describe, expect, test } from 'vitest'
import { memoryJournal } from '../../src/clouds/simulated/journal.ts'
import { SimulatedCloud } from '../../src/clouds/simulated/provider.ts'
import { parseRules, Rehearsal } from '../../src/clouds/simulated/rehearsal.ts'
import { SimulatedWorld } from '../../src/clouds/simulated/world.ts'
import { CloudError } from '../../src/model/faults.ts'
import {
  clusterKey,
  clusterUid,
  fingerprint,
  installationId,
  launchId,
  type MachineId,
} from '../../src/model/names.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

const owner = { uid: clusterUid('00000000-0000-4000-8000-00000000000a'), key: clusterKey('team-a', 'demo') }
const call = { signal: new AbortController().signal }

const request = (token: string, count = 1) => ({
  token,
  launch: launchId('00000000000000aa'),
  owner,
  role: 'worker' as const,
  group: 'default',
  count,
  seq: 1,
  fingerprint: fingerprint('v1:a'),
  offering: 'simulated',
  userData: '',
  address: undefined,
  exposure: 'Public' as const,
})

/** A cloud whose faults are a text that the test changes. */
function stage(...rules: readonly object[]) {
  const clock = new VirtualClock()
  const tempo = { lagMs: 0, startMs: 1_000, joinMs: 1_000, endMs: 1_000 }
  const world = new SimulatedWorld({ now: clock.now, tempo, journal: memoryJournal() })
  const problems: string[] = []
  const rehearsal = { text: JSON.stringify(rules) }
  const read = (): string => {
    if (rehearsal.text === '') throw new Error('no such file')
    return rehearsal.text
  }
  const onProblem = (error: unknown): void => void problems.push(String(error))
  const { script } = new Rehearsal({ read, usual: { delayMs: 100 }, onProblem })
  const installation = installationId('ours')
  const around = { world, installation, now: clock.now, wait: clock.wait, script }
  const cloud = new SimulatedCloud({ ...around, horizonMs: 10_000, stableAddress: true })
  const launched = async (token: string, count = 1): Promise<readonly MachineId[]> =>
    (await clock.finish(cloud.launch(request(token, count), call)))?.machines ?? []
  const refused = (token: string, count = 1): Promise<unknown> =>
    launched(token, count).catch((error: unknown) => (error instanceof CloudError ? error.fault : error))
  const listed = async (): Promise<readonly string[]> =>
    ((await clock.finish(cloud.list(call)))?.machines ?? []).map(({ id, state }) => `${id} ${state.kind}`)
  return { clock, world, cloud, problems, rehearsal, launched, refused, listed }
}

describe('a rule', () => {
  test('refuses as many calls of its name as it says, and no others', async () => {
    const { launched, refused, world, listed } = stage({ call: 'launch', times: 2, refuse: 'no-capacity' })
    expect([await refused('a'), await refused('a')]).toEqual(['no-capacity', 'no-capacity'])
    expect(await listed()).toEqual([])
    expect(await launched('a')).toHaveLength(1)
    expect(world.alive).toHaveLength(1)
  })

  test('is followed by the next one for the same call when it is used up', async () => {
    const { launched, refused, world } = stage(
      { call: 'launch', times: 1, answer: 'lost' },
      { call: 'launch', times: 1, atMost: 2 },
    )
    expect(await refused('a', 3)).toBe('lost')
    expect(world.alive).toHaveLength(3)
    expect(await launched('b', 3)).toHaveLength(2)
    expect(await launched('c', 3)).toHaveLength(3)
  })

  test('gives a call its own times in place of the usual ones', async () => {
    const { clock, launched } = stage({ call: 'launch', times: 1, delayMs: 5_000, answerMs: 2_000 })
    const began = clock.now()
    await launched('a')
    expect(clock.now() - began).toBe(7_000)
    await launched('b')
    expect(clock.now() - began).toBe(7_100)
  })

  test('has a create carried out long after its caller was told that it timed out', async () => {
    const { clock, refused, world } = stage({ call: 'launch', times: 1, lateMs: 60_000 })
    expect(await refused('a')).toBe('timeout')
    expect([world.alive.length, world.pending]).toEqual([0, 1])
    clock.moveTo(clock.now() + 60_000)
    expect([world.alive.length, world.pending]).toEqual([1, 0])
  })
})

describe('lists', () => {
  test('hide what is new for as long as the rule says', async () => {
    const { clock, launched, listed } = stage({ call: 'list', hideNewMs: 30_000 })
    const [id] = await launched('a')
    clock.moveTo(clock.now() + 29_000)
    expect(await listed()).toEqual([])
    clock.moveTo(clock.now() + 1_000)
    expect(await listed()).toEqual([`${id} running`])
  })

  test('hide the same share of machines every time, and show all when the rule is gone', async () => {
    const { launched, listed, rehearsal } = stage({ call: 'list', hide: 0.4 })
    await launched('a', 10)
    const first = await listed()
    expect(first).toHaveLength(6)
    expect(await listed()).toEqual(first)
    rehearsal.text = '[]'
    expect(await listed()).toHaveLength(10)
  })

  test('hide machines by their ids', async () => {
    const { launched, listed, rehearsal } = stage()
    const [first, second] = await launched('a', 2)
    rehearsal.text = JSON.stringify([{ call: 'list', hide: [first] }])
    expect(await listed()).toEqual([`${second} starting`])
  })

  test('answer with nothing at all', async () => {
    const { clock, launched, listed, cloud } = stage({ call: 'list', times: 1, empty: true })
    await launched('a')
    await clock.finish(cloud.reserveAddress({ owner, exposure: 'Public', admitted: [] }, call))
    expect(await clock.finish(cloud.list(call))).toEqual({ machines: [], addresses: [] })
    expect(await listed()).toHaveLength(1)
  })
})

describe('machines', () => {
  test('of a launch that is forgotten have ids and never are; the same token gives the same ids', async () => {
    const { launched, listed, world } = stage({ call: 'launch', times: 1, forget: true })
    const ids = await launched('a', 2)
    expect(ids).toHaveLength(2)
    expect(await listed()).toEqual([])
    expect(await launched('a', 2)).toEqual(ids)
    const others = await launched('b', 2)
    expect([...others].filter(id => ids.includes(id))).toEqual([])
    expect(world.alive).toHaveLength(2)
  })

  test('run without Dask, and their consoles say why', async () => {
    const { clock, launched, listed, cloud } = stage({
      call: 'launch',
      times: 1,
      neverJoins: 'no such image',
    })
    const ids = [...(await launched('a')), ...(await launched('b'))]
    clock.moveTo(clock.now() + 3_600_000)
    expect(await listed()).toEqual(ids.map(id => `${id} running`))
    expect(await cloud.schedulers.drain(owner.uid, ids)).toEqual(ids.slice(1))
    expect(await Promise.all(ids.map(id => cloud.console(id)))).toEqual(['no such image', ''])
  })

  test('are on their way out for as long as the rule says', async () => {
    const { clock, launched, listed, world, cloud } = stage({ call: 'terminate', leavingMs: 600_000 })
    const ids = await launched('a')
    await clock.finish(cloud.terminate(ids, call))
    expect(world.alive).toEqual([])
    clock.moveTo(clock.now() + 599_000)
    expect(await listed()).toEqual([`${ids[0]} leaving`])
    clock.moveTo(clock.now() + 1_000)
    expect(await listed()).toEqual([`${ids[0]} gone`])
  })
})

describe('a text that cannot be taken', () => {
  test('is a problem told once, and the rules before it go on', async () => {
    const { refused, launched, rehearsal, problems } = stage({ call: 'launch', refuse: 'quota' })
    expect(await refused('a')).toBe('quota')
    rehearsal.text = '[{"call": "launch"'
    expect([await refused('a'), await refused('a')]).toEqual(['quota', 'quota'])
    expect(problems).toHaveLength(1)
    rehearsal.text = ''
    expect([await refused('a'), await refused('a')]).toEqual(['quota', 'quota'])
    expect(problems[1]).toBe('Error: no such file')
    rehearsal.text = '[]'
    expect(await launched('a')).toHaveLength(1)
    expect(problems).toHaveLength(2)
  })

  test('begins anew, with all rules unused, when it is another one', async () => {
    const { refused, launched, rehearsal } = stage({ call: 'launch', times: 1, refuse: 'quota' })
    expect(await refused('a')).toBe('quota')
    await launched('a')
    rehearsal.text += ' '
    expect(await refused('b')).toBe('quota')
  })

  test.each([
    { rules: '{}', problem: 'the rules: must be a list, found an object' },
    { rules: '[3]', problem: '[0]: must be an object, found 3' },
    { rules: '[{"call": "list"}, {"call": "lunch"}]', problem: '[1].call: must be one of list, launch,' },
    { rules: '[{"call": "launch", "times": 0}]', problem: '[0].times: must be a whole number from 1' },
    { rules: '[{"call": "launch", "refuse": "rain"}]', problem: '[0].refuse: must be one of throttled,' },
    { rules: '[{"call": "launch", "delayMs": -1}]', problem: '[0].delayMs: must be a whole number from 0' },
    { rules: '[{"call": "list", "lateMs": 1}]', problem: '[0].lateMs: is not known here; known are call,' },
    { rules: '[{"call": "list", "hide": 1.5}]', problem: '[0].hide: must be a share from 0 to 1 or a list' },
    { rules: '[{"call": "list", "hide": ["a", 1]}]', problem: '[0].hide[1]: must be a text' },
  ])('is refused with where and why: $problem', ({ rules, problem }) => {
    expect(() => parseRules(rules)).toThrow(problem)
  })
})
