import { spawn } from 'node:child_process'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { readSupervisor } from '../../src/clouds/local/folders.ts'
import { isRunning, processOf, signalProcess } from '../../src/clouds/local/processes.ts'
import { machineId } from '../../src/model/names.ts'
import { aRequest, become, LocalGround, lives, patience, pidsOf, untilDead } from '../support/local-ground.ts'

let ground: LocalGround
beforeEach(async () => {
  ground = await LocalGround.create()
})
afterEach(async () => ground[Symbol.asyncDispose]())

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
