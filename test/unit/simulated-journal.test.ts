import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { fileJournal, type Mark } from '../../src/clouds/simulated/journal.ts'
import { simulated } from '../../src/clouds/simulated/simulated.ts'
import { SimulatedWorld } from '../../src/clouds/simulated/world.ts'
import { CloudError } from '../../src/model/faults.ts'
import {
  clusterKey,
  clusterUid,
  fingerprint,
  installationId,
  launchId,
  machineId,
} from '../../src/model/names.ts'
import { CloudLedger } from '../support/cloud-ledger.ts'

const directory = mkdtempSync(join(tmpdir(), 'dask-journal-'))
afterAll(() => rmSync(directory, { recursive: true }))

const fileOf = (name: string): string => join(directory, name)
const owner = { uid: clusterUid('00000000-0000-4000-8000-00000000000a'), key: clusterKey('team-a', 'demo') }

const request = (token: string) => ({
  token,
  launch: launchId('00000000000000aa'),
  owner,
  role: 'worker' as const,
  group: 'default',
  count: 2,
  seq: 1,
  fingerprint: fingerprint('v1:a'),
  offering: 'simulated',
  userData: '',
  address: undefined,
  exposure: 'Public' as const,
})

const worldOn = (file: string): SimulatedWorld =>
  new SimulatedWorld({
    now: Date.now,
    tempo: { lagMs: 0, startMs: 0, joinMs: 0, endMs: 0 },
    journal: fileJournal(file),
  })

test('two worlds of one file see what each other does', () => {
  const [ours, theirs] = [worldOn(fileOf('shared')), worldOn(fileOf('shared'))]
  const [first, second] = ours.launch(request('a'), 'ours', { count: 2 })
  expect(theirs.alive.map(({ id }) => id)).toEqual([first, second])
  expect(theirs.launch(request('a'), 'ours', { count: 2 })).toEqual([first, second])
  theirs.end([first].flatMap(id => id ?? []))
  expect(ours.alive.map(({ id }) => id)).toEqual([second])
  const [third] = theirs.launch(request('b'), 'ours', { count: 1 })
  expect(ours.machines.map(({ id }) => id)).toEqual([first, second, third])
  ours.reserve(owner, 'ours')
  expect(theirs.addresses).toEqual(new Map([[owner.uid, { key: owner.key, installation: 'ours' }]]))
})

test('a line that is still being written is read when it is whole', () => {
  const file = fileOf('halves')
  const journal = fileJournal(file)
  const mark: Mark = { kind: 'reserved', at: 1, ...owner, installation: 'ours' }
  const line = `${JSON.stringify(mark)}\n`
  appendFileSync(file, line + line.slice(0, 9))
  expect(journal.news()).toEqual([mark])
  expect(journal.news()).toEqual([])
  appendFileSync(file, line.slice(9))
  expect(journal.news()).toEqual([mark])
})

test('a slow call that is given up says so in the words of a cloud, whether it was carried out or not', async () => {
  const file = fileOf('slow')
  const context = { installation: installationId('ours'), stateDirectory: directory, simulatedState: file }
  const cloud = await simulated.connect({ startupSeconds: undefined }, undefined, {
    ...context,
    sealingKey: '',
    simulatedLatencyMs: 200,
  })
  const given = async (ms: number): Promise<unknown> =>
    cloud.launch(request(`after-${ms}`), { signal: AbortSignal.timeout(ms) }).catch((error: unknown) => error)
  expect(await given(10)).toBeInstanceOf(CloudError)
  expect(worldOn(file).alive).toHaveLength(0)
  expect(await given(150)).toMatchObject({ fault: 'timeout' })
  expect(worldOn(file).alive).toHaveLength(2)
})

test('every call that would change something is noted as it begins, with the process that asked', async () => {
  const file = fileOf('asked')
  const context = { installation: installationId('ours'), stateDirectory: directory, simulatedState: file }
  const cloud = await simulated.connect({ startupSeconds: undefined }, undefined, {
    ...context,
    sealingKey: '',
    simulatedLatencyMs: 60_000,
  })
  const stop = new AbortController()
  const calls = [
    cloud.launch(request('a'), stop),
    cloud.terminate([machineId('sim-1')], stop),
    cloud.reserveAddress({ owner, exposure: 'Public', admitted: [] }, stop),
    cloud.releaseAddress(owner.uid, stop),
    cloud.list(stop),
  ]
  const asked = new CloudLedger(file).asked({ by: process.pid })
  expect(asked.map(({ call, token, machines }) => [call, token ?? machines])).toEqual([
    ['launch', 'a'],
    ['terminate', ['sim-1']],
    ['reserve', undefined],
    ['release', undefined],
  ])
  stop.abort()
  await Promise.allSettled(calls)
  await cloud.terminate([], stop).catch(() => undefined)
  expect(new CloudLedger(file).marks).toHaveLength(4)
})
