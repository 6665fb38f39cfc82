import { existsSync } from 'node:fs'
import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { poll } from '../../src/lib/wait.ts'
import { machineId } from '../../src/model/names.ts'
import { anOwner } from '../support/launch-request.ts'
import {
  aRequest,
  become,
  LocalGround,
  patience,
  pidsOf,
  programUserData,
  soon,
  untilDead,
} from '../support/local-ground.ts'

let ground: LocalGround
beforeEach(async () => {
  ground = await LocalGround.create()
})
afterEach(async () => ground[Symbol.asyncDispose]())

describe('a machine', () => {
  test('has nothing of the operator in its environment, and its secrets where nobody else reads', async () => {
    process.env['KUBECONFIG'] = '/secret'
    const cloud = ground.open()
    const { machines } = await cloud.launch(
      aRequest({ userData: programUserData('env; exec sleep 3600') }),
      patience,
    )
    delete process.env['KUBECONFIG']
    await become(cloud, machines, 'running')
    const said = await poll(
      async () => (await cloud.console(machines[0] ?? machineId(''), patience)) || undefined,
      20,
      soon(),
    )
    const names = said
      .trim()
      .split('\n')
      .map(line => line.split('=')[0])
    const known = [
      'PATH',
      'LANG',
      'HOME',
      'PWD',
      'STATE_DIRECTORY',
      'CREDENTIALS_DIRECTORY',
      'OLDPWD',
      '_',
      'SHLVL',
    ]
    expect(names.filter(name => !known.includes(name ?? '') && !name?.startsWith('DASK_MACHINE_'))).toEqual(
      [],
    )
    const { mode } = await stat(ground.home(machines[0] ?? machineId('')))
    expect(mode & 0o777).toBe(0o700)
  })

  test('outlives the operator and is found again', async () => {
    const { machines } = await ground.open().launch(aRequest(), patience)
    const [found] = await become(ground.open(), machines, 'running')
    expect(found?.state).toMatchObject({ addresses: { internal: { host: expect.stringMatching(/^127\./) } } })
  })

  test('whose supervisor is killed is gone, with all that ran on it', async () => {
    const cloud = ground.open()
    const away = 'sleep 3601 & setsid sleep 3602 & exec sleep 3600'
    const { machines } = await cloud.launch(aRequest({ userData: programUserData(away) }), patience)
    await become(cloud, machines, 'running')
    const home = ground.home(machines[0] ?? machineId(''))
    const pids = await poll(
      async () => {
        const found = await pidsOf(home)
        return found.length === 4 ? found : undefined
      },
      20,
      soon(),
    )
    process.kill(pids[0] ?? 0, 'SIGKILL')
    await become(cloud, machines, 'gone')
    await untilDead(pids)
    expect(existsSync(home)).toBe(false)
  })

  test('that hangs at SIGTERM is ended all the same', async () => {
    const cloud = ground.open()
    const stubborn = 'trap "" TERM; while :; do sleep 1; done'
    const { machines } = await cloud.launch(aRequest({ userData: programUserData(stubborn) }), patience)
    await become(cloud, machines, 'running')
    const pids = await pidsOf(ground.home(machines[0] ?? machineId('')))
    const began = performance.now()
    await cloud.terminate(machines, patience)
    await become(cloud, machines, 'gone')
    expect(performance.now() - began).toBeLessThan(12_000)
    await untilDead(pids)
  })

  test('that is ended before its supervisor is up ends too', async () => {
    const cloud = ground.open()
    const { machines } = await cloud.launch(aRequest({ count: 3 }), patience)
    await cloud.terminate(machines, patience)
    await become(cloud, machines, 'gone')
    expect(await readdir(join(ground.folder, 'state', 'ours', 'machines'))).toEqual([])
    expect(await readdir(join(ground.folder, 'claims'))).toEqual([])
  })

  test('whose folder is taken away stops by itself', async () => {
    const cloud = ground.open()
    const { machines } = await cloud.launch(aRequest(), patience)
    await become(cloud, machines, 'running')
    const home = ground.home(machines[0] ?? machineId(''))
    const pids = await pidsOf(home)
    await rm(home, { recursive: true })
    expect(await untilDead(pids)).toBe(true)
  })

  test('installs again until it works, and idles once its service is done for good', async () => {
    const cloud = ground.open()
    const program = 'echo "run $(cat "$HOME/tries")"; exit 86'
    const install =
      'n=$(cat "$HOME/tries" 2>/dev/null || echo 0); echo $((n+1)) >"$HOME/tries"; [ "$n" -ge 1 ]'
    const { machines } = await cloud.launch(
      aRequest({ userData: programUserData(program, install) }),
      patience,
    )
    const id = machines[0] ?? machineId('')
    const said = await poll(
      async () => {
        const text = await cloud.console(id, patience)
        return text.includes('nothing runs here') ? text : undefined
      },
      50,
      soon(),
    )
    expect(said).toMatch(/install.sh ended with status 1[^]*run 2[^]*ended with status 86/)
    await become(cloud, machines, 'running')
  })

  test('of a scheduler ends after the workers that leave with it', async () => {
    const cloud = ground.open()
    const owner = anOwner()
    const order = join(ground.folder, 'order')
    const logging = (name: string) =>
      programUserData(`trap 'sleep 0.3; echo ${name} >>${order}; exit 0' TERM; while :; do sleep 0.05; done`)
    const address = await cloud.reserveAddress({ owner, exposure: 'Public', admitted: [] }, patience)
    const scheduler = await cloud.launch(
      aRequest({ owner, role: 'scheduler', group: 'scheduler', userData: logging('scheduler'), address }),
      patience,
    )
    const workers = await cloud.launch(aRequest({ owner, count: 2, userData: logging('worker') }), patience)
    const all = [...scheduler.machines, ...workers.machines]
    await become(cloud, all, 'running')
    await cloud.terminate(all, patience)
    await become(cloud, all, 'gone')
    expect(await readFile(order, 'utf8')).toBe('worker\nworker\nscheduler\n')
  })
})
