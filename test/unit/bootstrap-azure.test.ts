import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { freePort } from '../support/dask-processes.ts'
import { WatchedMachine } from '../support/watched-machine.ts'

const preempted = ['event-1', 'Preempt'] as const
const moved = ['event-2', 'Redeploy'] as const
const ended = ['event-3', 'Terminate'] as const
const restarted = ['event-4', 'Reboot'] as const

let machine: WatchedMachine
beforeEach(async () => {
  machine = await WatchedMachine.create('azure')
  await machine.settle('worker')
  await machine.run('azure.py', ['name'])
})
afterEach(async () => machine[Symbol.asyncDispose]())

describe('the watcher', () => {
  test.each([
    { event: preempted, want: 'interruption' },
    { event: ended, want: 'interruption' },
    { event: moved, want: 'rebalance' },
    { event: restarted, want: 'rebalance' },
  ])('passes $event on as $want, and says so on the console', async ({ event, want }) => {
    await machine.start()
    await machine.looks(2)
    expect(await machine.read('notice')).toBe('')
    machine.notices.set(event[0], event[1])
    await machine.until(async () => (await machine.read('console')).includes(want))
    expect(await machine.read('notice')).toBe(want)
    expect(machine.isOff).toBe(false)
    expect(machine.heard.refused).toBe(0)
  })

  test('has the graver notice come over the other', async () => {
    machine.notices.set(...moved)
    await machine.start()
    await machine.until(async () => (await machine.read('notice')) === 'rebalance')
    machine.notices.set(...preempted)
    await machine.until(async () => (await machine.read('console')).includes('interruption'))
    expect(await machine.read('notice')).toBe('interruption')
  })

  test.each([
    ['a machine that stands still for seconds', 'Freeze'],
    ['another machine', 'Preempt another'],
  ])('takes no notice of %s', async (_of, event) => {
    machine.notices.set('event-5', event)
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
    expect(await machine.read('name')).toBe('i-1\n')
    expect(machine.heard.refused).toBe(0)
  })

  test('is asked for again where the service does not answer', async () => {
    await machine.settle('worker', { metadata: `http://127.0.0.1:${await freePort()}` })
    expect(await machine.run('azure.py', ['name'])).not.toBe(0)
  })
})
