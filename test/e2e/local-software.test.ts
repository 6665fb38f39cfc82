import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

import type { Boot } from '../../src/bootstrap/boot.ts'
import { renderUserData } from '../../src/bootstrap/user-data.ts'
import type { LocalCloud } from '../../src/clouds/local/provider.ts'
import { poll } from '../../src/lib/wait.ts'
import { type MachineId, machineId, type Role } from '../../src/model/names.ts'
import { aBoot } from '../support/boots.ts'
import { aRequest, become, LocalGround, patience } from '../support/local-ground.ts'
import { daskPython, tell } from '../support/python.ts'

let ground: LocalGround
let cloud: LocalCloud
beforeEach(async () => {
  ground = await LocalGround.create()
  cloud = ground.open()
})
afterEach(async () => ground[Symbol.asyncDispose]())

async function launch(role: Role, changes: Partial<Boot>, offering = 'local'): Promise<readonly MachineId[]> {
  const userData = renderUserData(aBoot(role, changes))
  const { machines } = await cloud.launch(
    aRequest({ role, count: role === 'worker' ? 3 : 1, userData, offering }),
    patience,
  )
  return machines
}

const saying = (id: MachineId | undefined, words: RegExp, ms: number): Promise<string> =>
  poll(
    async () => {
      const said = await cloud.console(id ?? machineId('none'), patience)
      return words.test(said) ? said : undefined
    },
    100,
    { signal: AbortSignal.timeout(ms) },
  )

test('three machines that ask for the same software install it once, from the package index', async () => {
  const began = performance.now()
  const machines = await launch('worker', {})
  await Promise.all(machines.map(id => saying(id, /Waiting to connect/, 300_000)))
  tell(`three workers with software of their own up after ${Math.round(performance.now() - began)} ms`)
  const journals = await Promise.all(machines.map(id => cloud.console(id, patience)))
  expect(journals.filter(said => said.includes('making the environment'))).toHaveLength(1)
  const environments = await readdir(join(ground.cache, 'venvs'))
  expect(environments.filter(name => /^[0-9a-f]{32}$/.test(name))).toHaveLength(1)
})

test('a Python that is not there is said in the console, with those that are', async () => {
  const software = { kind: 'python', pythonVersion: '3.16', packages: ['dask'] } as const
  const [id] = await launch('scheduler', { software })
  expect(await saying(id, /did not start/, 60_000)).toMatch(/Python 3\.16.*there are: .*3\.\d+/)
  const { machines } = await cloud.list(patience)
  expect(machines.map(({ state }) => state.kind)).toEqual(['starting'])
})

test('an interpreter that lacks what is asked for is not used, and the console says why', async () => {
  const python = await daskPython({ signal: patience.signal, progress: tell })
  const software = { kind: 'python', pythonVersion: undefined, packages: ['dask==1.0'] } as const
  const [id] = await launch('scheduler', { software }, `python:${python}`)
  expect(await saying(id, /is not used/, 60_000)).toMatch(/dask is 2026\S+, not ==1\.0/)
})

test('a scheduler that is idle for its time limit ends for good', async () => {
  const python = await daskPython({ signal: patience.signal, progress: tell })
  const limits = { deathTimeoutS: 60, idleTimeoutS: 2 }
  const machines = await launch('scheduler', { limits }, `python:${python}`)
  await become(cloud, machines, 'running')
  expect(await saying(machines[0], /nothing runs here/, 60_000)).toContain('ended with status 86')
})
