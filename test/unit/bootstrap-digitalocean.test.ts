import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

import { renderUserData } from '../../src/bootstrap/user-data.ts'
import { aBoot } from '../support/boots.ts'
import { freePort } from '../support/dask-processes.ts'
import { WatchedMachine } from '../support/watched-machine.ts'

let machine: WatchedMachine
beforeEach(async () => {
  machine = await WatchedMachine.create('digitalocean')
  await machine.settle('worker')
})
afterEach(async () => machine[Symbol.asyncDispose]())

test('the droplet’s number is noted as the metadata service says it', async () => {
  machine.id = '500000007'
  expect(await machine.run('digitalocean.py', ['name'])).toBe(0)
  expect(await machine.read('name')).toBe('500000007\n')
})

test('what is no number is noted by nobody', async () => {
  machine.id = 'not-a-number'
  expect(await machine.run('digitalocean.py', ['name'])).not.toBe(0)
  expect(await machine.read('name')).toBe('')
})

test('it is asked for again where the service does not answer', async () => {
  await machine.settle('worker', { metadata: `http://127.0.0.1:${await freePort()}` })
  expect(await machine.run('digitalocean.py', ['name'])).not.toBe(0)
  expect(await machine.read('name')).toBe('')
})

test('the watcher shows how Dask comes up, and hears of no notice', async () => {
  await writeFile(join(machine.folder, 'journal'), 'distributed.worker - INFO - Start worker\n')
  await machine.start()
  await machine.until(async () => (await machine.read('console')).includes('dask-boot: distributed.worker'))
  expect(await machine.read('notice')).toBe('')
  expect(machine.isOff).toBe(false)
})

test('a machine that nobody needs is powered off', async () => {
  await machine.settle('worker', { absenceS: 0.2, scheduler: { host: '127.0.0.1', port: await freePort() } })
  await machine.start()
  await machine.until(() => machine.isOff)
  expect(await machine.read('console')).toContain('powering off: no scheduler has accepted a connection')
})

test('Dask has the name that DigitalOcean says', () => {
  const userData = renderUserData(aBoot('worker', { metadata: 'digitalocean' }))
  expect(userData).toContain('digitalocean.py name /etc/dask/watch')
})
