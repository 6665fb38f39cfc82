import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { readSupervisor } from '../../src/clouds/local/folders.ts'
import { isRunning, processOf, signalProcess } from '../../src/clouds/local/processes.ts'
import { poll, wait } from '../../src/lib/wait.ts'
import { isAlive } from '../../src/model/machine.ts'
import { machineId } from '../../src/model/names.ts'
import {
  anOwner,
  aRequest,
  become,
  LocalGround,
  patience,
  pidsOf,
  programUserData,
} from '../support/local-ground.ts'

let ground: LocalGround
beforeEach(async () => {
  ground = await LocalGround.create()
})
afterEach(async () => ground[Symbol.asyncDispose]())

const soon = () => ({ signal: AbortSignal.timeout(20_000) })
const lives = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
const untilDead = (pids: readonly number[]) => poll(() => (pids.some(lives) ? undefined : true), 20, soon())

describe('a launch', () => {
  test('that was cut off between tags and start is listed, and the same token starts those machines and no others', async () => {
    const request = aRequest({ count: 2 })
    const { machines } = await ground.open().launch(request, patience)
    await become(ground.open(), machines, 'running')
    const [first, second] = machines.map(id => ground.home(id))
    if (first === undefined || second === undefined) throw new Error('two machines')
    // The folder as it is right after the rename that makes the machine.
    const pids = await pidsOf(first)
    for (const pid of pids) process.kill(pid, 'SIGKILL')
    await untilDead(pids)
    for (const name of await readdir(first))
      if (!['tags.json', 'boot.json'].includes(name)) await rm(join(first, name), { recursive: true })
    const restarted = ground.open()
    const { machines: listed } = await restarted.list(patience)
    expect(listed.map(({ state }) => state.kind).toSorted()).toEqual(['running', 'starting'])
    expect((await restarted.launch(request, patience)).machines).toEqual(machines)
    await become(restarted, machines, 'running')
    expect((await restarted.list(patience)).machines).toHaveLength(2)
  })

  test('that was cut off before its tags were there leaves no machine', async () => {
    const drafts = join(ground.folder, 'state', 'ours', 'drafts', 'm-0123456789abcdef.abc')
    await mkdir(drafts, { recursive: true })
    expect((await ground.open().list(patience)).machines).toEqual([])
  })

  test('asked for twice at once makes one set of machines with one supervisor each', async () => {
    const request = aRequest({ count: 3 })
    const answers = await Promise.all(
      [ground.open(), ground.open()].map(cloud => cloud.launch(request, patience)),
    )
    expect(answers[0]?.machines).toEqual(answers[1]?.machines)
    const found = await become(ground.open(), answers[0]?.machines ?? [], 'running')
    expect(found).toHaveLength(3)
  })

  test('whose machines have ended makes none again', async () => {
    const cloud = ground.open()
    const request = aRequest()
    const { machines } = await cloud.launch(request, patience)
    await cloud.terminate(machines, patience)
    await become(cloud, machines, 'gone')
    expect((await ground.open().launch(request, patience)).machines).toEqual(machines)
    expect((await cloud.list(patience)).machines.filter(isAlive)).toEqual([])
  })

  test.each([
    {
      what: 'a boot text that is not understood',
      changes: { userData: '#cloud-config\npackages: [curl]\n' },
    },
    { what: 'an interpreter that is not there', changes: { offering: 'python:/no/such/python' } },
  ])('of $what is refused for certain, and makes nothing', async ({ changes }) => {
    const cloud = ground.open()
    await expect(cloud.launch(aRequest(changes), patience)).rejects.toMatchObject({ fault: 'invalid' })
    expect((await cloud.list(patience)).machines).toEqual([])
  })

  test('where the state directory cannot be written is a fault we have a word for', async () => {
    const state = join(ground.folder, 'state')
    await writeFile(state, 'a file where the folder should be')
    await expect(ground.open().launch(aRequest(), patience)).rejects.toMatchObject({ name: 'CloudError' })
    await rm(state)
  })
})

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
    const { mode } = await import('node:fs/promises').then(fs =>
      fs.stat(ground.home(machines[0] ?? machineId(''))),
    )
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
    await untilDead(pids)
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
    const address = await cloud.reserveAddress(owner, patience)
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

describe('what is not ours', () => {
  test('a process that got a dead supervisor’s pid is not touched', async () => {
    const cloud = ground.open()
    const { machines } = await cloud.launch(aRequest(), patience)
    await become(cloud, machines, 'running')
    const home = ground.home(machines[0] ?? machineId(''))
    const pids = await pidsOf(home)
    for (const pid of pids) process.kill(pid, 'SIGKILL')
    await untilDead(pids)
    const stranger = spawn('sleep', ['3600'], { detached: true, stdio: 'ignore' })
    const { pid = 0 } = stranger
    const supervisor = await readSupervisor(home)
    await writeFile(join(home, 'supervisor.json'), JSON.stringify({ ...supervisor, pid }))
    await writeFile(join(home, 'processes.json'), JSON.stringify([{ ...supervisor, pid }]))
    await cloud.terminate(machines, patience)
    await become(cloud, machines, 'gone')
    expect(lives(pid)).toBe(true)
    stranger.kill('SIGKILL')
  })

  test('a folder without our tags is neither listed nor ended', async () => {
    const id = machineId('m-0123456789abcdef')
    const cloud = ground.open()
    await cloud.launch(aRequest(), patience)
    for (const [name, text] of [
      [id, '{"token": "look-alike"}'],
      ['holiday', '{}'],
    ] as const) {
      const folder = join(ground.folder, 'state', 'ours', 'machines', name)
      await mkdir(folder)
      await writeFile(join(folder, 'tags.json'), text)
    }
    await cloud.terminate([id, machineId('holiday'), machineId('../../..'), machineId('..')], patience)
    expect((await cloud.list(patience)).machines).toHaveLength(1)
    const there = await readdir(join(ground.folder, 'state', 'ours', 'machines'))
    expect(there).toEqual(expect.arrayContaining([id, 'holiday']))
  })

  test('a mark is of one process: the same pid with another start is another', async () => {
    const me = await processOf(process.pid)
    if (me === undefined) throw new Error('this process runs')
    expect(await isRunning(me)).toBe(true)
    expect(await isRunning({ ...me, startedAt: 'another' })).toBe(false)
    expect(await signalProcess({ ...me, startedAt: 'another' }, 'SIGKILL')).toBe(false)
  })
})
