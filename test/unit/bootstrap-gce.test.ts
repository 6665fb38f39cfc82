import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { freePort } from '../support/dask-processes.ts'
import { WatchedMachine } from '../support/watched-machine.ts'

const preempted = ['instance/preempted', 'TRUE'] as const
const terminated = ['instance/maintenance-event', 'TERMINATE_ON_HOST_MAINTENANCE'] as const
const migrated = ['instance/maintenance-event', 'MIGRATE_ON_HOST_MAINTENANCE'] as const

let machine: WatchedMachine
beforeEach(async () => {
  machine = await WatchedMachine.create('gce')
  await machine.settle('worker')
})
afterEach(async () => machine[Symbol.asyncDispose]())

describe('the watcher', () => {
  test.each([
    { path: preempted[0], body: preempted[1], want: 'interruption' },
    { path: terminated[0], body: terminated[1], want: 'rebalance' },
  ])('passes $path on as $want, and says so on the console', async ({ path, body, want }) => {
    await machine.start()
    await machine.looks(2)
    expect(await machine.read('notice')).toBe('')
    machine.notices.set(path, body)
    await machine.until(async () => (await machine.read('console')).includes(want))
    expect(await machine.read('notice')).toBe(want)
    expect(machine.isOff).toBe(false)
    expect(machine.heard.refused).toBe(0)
  })

  test('has the graver notice come over the other', async () => {
    machine.notices.set(...terminated)
    await machine.start()
    await machine.until(async () => (await machine.read('notice')) === 'rebalance')
    machine.notices.set(...preempted)
    await machine.until(async () => (await machine.read('console')).includes('interruption'))
    expect(await machine.read('notice')).toBe('interruption')
  })

  test('takes no notice of a machine that moves along with its host', async () => {
    machine.notices.set(...migrated)
    await machine.start()
    await machine.looks(4)
    expect(await machine.read('notice')).toBe('')
  })

  test('powers a worker’s machine off once its worker has left', async () => {
    machine.notices.set(...preempted)
    await machine.start()
    await machine.until(async () => (await machine.read('notice')) !== '')
    await machine.looks(2)
    expect(machine.isOff).toBe(false)
    await rm(join(machine.folder, 'dask'), { recursive: true })
    await machine.until(() => machine.isOff)
    expect(await machine.read('console')).toContain('powering off: its worker has left')
  })
})

describe('the machine’s name', () => {
  test('is noted as the metadata service says it', async () => {
    expect(await machine.run('gce.py', ['name'])).toBe(0)
    expect(await machine.read('name')).toBe('i-1\n')
  })

  test('is asked for again where the service does not answer', async () => {
    await machine.settle('worker', { metadata: `http://127.0.0.1:${await freePort()}` })
    expect(await machine.run('gce.py', ['name'])).not.toBe(0)
    expect(await machine.read('name')).toBe('')
  })
})

describe('before systemd ends a worker', () => {
  let dask: ChildProcess
  beforeEach(() => {
    dask = spawn('sleep', ['600'])
  })
  afterEach(() => dask.kill('SIGKILL'))

  const leave = (pid: number | undefined = dask.pid): Promise<unknown> =>
    machine.run('gce.py', ['leave'], pid === undefined ? {} : { MAINPID: String(pid) })

  test('whose machine is taken back, it is told, and waited for', async () => {
    machine.notices.set(...preempted)
    let hasLeft = false
    const left = leave().then(status => {
      hasLeft = true
      return status
    })
    await machine.until(async () => (await machine.read('notice')) === 'interruption')
    expect(hasLeft).toBe(false)
    dask.kill('SIGKILL')
    await once(dask, 'close')
    expect(await left).toBe(0)
    expect(await machine.read('console')).toContain('the cloud takes this machine back: interruption')
  })

  test('whose machine is taken back, it is waited for until its time is over, and no longer', async () => {
    machine.notices.set(...preempted)
    await machine.settle('worker', { leaveWithinS: -1 })
    expect(await leave()).toBe(0)
    expect(await machine.read('notice')).toBe('interruption')
    expect(dask.exitCode).toBeNull()
  })

  test.each([
    { why: 'for another reason', notices: [], pid: undefined },
    { why: 'that has ended by itself', notices: [preempted], pid: 0 },
  ])('$why, nothing is said and nobody waits', async ({ notices, pid }) => {
    for (const [path, text] of notices) machine.notices.set(path, text)
    expect(await leave(pid)).toBe(0)
    expect(await machine.read('notice')).toBe('')
  })

  test('and the metadata service does not answer, nobody waits', async () => {
    await machine.settle('worker', { metadata: `http://127.0.0.1:${await freePort()}` })
    expect(await leave()).toBe(1)
    expect(await machine.read('notice')).toBe('')
  })
})
