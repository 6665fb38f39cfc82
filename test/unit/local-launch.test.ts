import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { renderUserData } from '../../src/bootstrap/user-data.ts'
import { isAlive } from '../../src/model/machine.ts'
import { aBoot } from '../support/boots.ts'
import { aRequest, become, LocalGround, patience, pidsOf, untilDead } from '../support/local-ground.ts'

let ground: LocalGround
beforeEach(async () => {
  ground = await LocalGround.create()
})
afterEach(async () => ground[Symbol.asyncDispose]())

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

  test('of a container is refused with a word that a condition has, and makes nothing', async () => {
    const software = { kind: 'image', image: 'ghcr.io/dask/dask:2026.8.0' } as const
    const cloud = ground.open()
    const userData = renderUserData(aBoot('worker', { software }))
    await expect(cloud.launch(aRequest({ userData }), patience)).rejects.toMatchObject({
      fault: 'invalid',
      message: expect.stringContaining('spec.software.image is not for the local cloud'),
    })
    expect((await cloud.list(patience)).machines).toEqual([])
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
