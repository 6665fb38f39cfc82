import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Boot } from '../../src/bootstrap/boot.ts'
import { renderUserData } from '../../src/bootstrap/user-data.ts'
import { usualPace } from '../../src/dask/pace.ts'
import { SchedulerPool } from '../../src/dask/pool.ts'
import { compressed } from '../../src/lib/compression.ts'
import { poll } from '../../src/lib/wait.ts'
import type { Role } from '../../src/model/names.ts'
import { schedulerServerName } from '../../src/pki/identity.ts'
import { aBoot, bundle, identity } from '../support/boots.ts'
import { ec2Datasource } from '../support/machines/ec2-datasource.ts'
import { MachineRoom, machines } from '../support/machines/room.ts'
import { tell } from '../support/python.ts'

const scheduler = 'i-00000000000000001'
const bootMs = 180_000

const ground = machines()
let room: MachineRoom
let pool: SchedulerPool
const took = (began: number): string => `${((performance.now() - began) / 1000).toFixed(1)} s`

beforeAll(async () => {
  if (ground === undefined) return
  room = await MachineRoom.open(ground, ec2Datasource())
  pool = new SchedulerPool({ pace: usualPace })
  const { host } = addresses().internal
  pool.track({
    uid: identity.uid,
    host,
    port: 8786,
    serverName: schedulerServerName(identity.uid),
    idlePollMs: undefined,
    ca: bundle.authority.certificate,
    cert: bundle.client.certificate,
    key: bundle.client.key,
  })
})
afterAll(async () => {
  await pool?.[Symbol.asyncDispose]()
  await room?.[Symbol.asyncDispose]()
})

function addresses() {
  const endpoint = { host: MachineRoom.place(1).ip, port: 8786 }
  return { internal: endpoint, external: endpoint }
}

/** With a command that succeeds at its second try only. */
const software = {
  kind: 'python',
  pythonVersion: undefined,
  packages: ['dask==2026.8.0', 'distributed==2026.8.0'],
  files: [{ path: '/srv/app/greeting', mode: '0640', content: 'say "hi" to $USER' }],
  setup: ['id -un >/root/who; mkdir /root/tried || exit 0; exit 3', 'cat /srv/app/greeting >>/root/who'],
} as const

/** The very bytes that EC2 would be given. */
function start(role: Role, index: number, id: string, more: Partial<Boot> = {}) {
  const userData = renderUserData(aBoot(role, { scheduler: addresses(), metadata: 'ec2', ...more }))
  return room.start({
    id,
    ...MachineRoom.place(index),
    size: 'm7i.large',
    zone: 'us-east-1a',
    userData: compressed(userData),
  })
}

/** The names of workers that serve, once there are so many. */
async function workers(count: number): Promise<readonly string[]> {
  const serving = () => {
    const view = pool.last(identity.uid)
    const names =
      view.kind === 'answering'
        ? view.workers.filter(({ status }) => status === 'running').map(({ name }) => name)
        : []
    return names.length === count ? names.toSorted() : undefined
  }
  return poll(serving, 100, { signal: AbortSignal.timeout(bootMs) }).catch(async (cause: unknown) => {
    const consoles = await Promise.all(
      room.running.map(async id => `${id}:\n${(await room.console(id)).slice(-3_000)}`),
    )
    throw new Error(
      `${count} workers did not come: ${JSON.stringify(pool.last(identity.uid))}\n${consoles.join('\n')}`,
      { cause },
    )
  })
}

/** Of the scheduler's process, while it answers. */
const idNow = () => {
  const view = pool.last(identity.uid)
  return view.kind === 'answering' ? view.id : undefined
}

/** What a console says once it tells that Dask's software is there. */
async function installed(): Promise<string | undefined> {
  const said = await room.console('i-00000000000000002')
  return said.includes('dask-boot: install: done') ? said : undefined
}

/** Asks for the user data as an account. */
const asking = `
import os, sys, urllib.error, urllib.request
os.setuid(int(sys.argv[1]))
try:
    urllib.request.urlopen("http://169.254.169.254/latest/user-data", timeout=5)
except urllib.error.HTTPError as error:
    print(error.code)
except urllib.error.URLError as error:
    print(error.reason.strerror)
`

describe('what a machine is given boots on a real system', () => {
  test('a scheduler and two workers find each other over mutual TLS, named as their cloud names them', async () => {
    const began = performance.now()
    await Promise.all([
      start('scheduler', 1, scheduler),
      start('worker', 2, 'i-00000000000000002'),
      start('worker', 3, 'i-00000000000000003', { software }),
    ])
    expect(await workers(2)).toEqual(['w-i-00000000000000002', 'w-i-00000000000000003'])
    tell(`1 + 2 machines boot, install Dask and serve in ${took(began)}`)
    const view = pool.last(identity.uid)
    const boots = view.kind === 'answering' ? [view.boot, ...view.workers.map(({ boot }) => boot)] : []
    expect(boots).toHaveLength(3)
    for (const boot of boots) {
      expect(boot?.installed).toBeGreaterThan(1)
      expect(boot?.up).toBeGreaterThan(0)
      expect((boot?.installed ?? 0) + (boot?.up ?? 0)).toBeLessThan((performance.now() - began) / 1000)
    }
  })

  test('the console says how Dask came up', async () => {
    const said = await poll(installed, 100, { signal: AbortSignal.timeout(20_000) })
    expect(said).toContain('dask-boot: install: making the environment')
  })

  test.each(['scheduler', 'worker'])('cloud-init and systemd are content with it: %s', async role => {
    const machine = room.machine(role === 'scheduler' ? scheduler : 'i-00000000000000002')
    const done = async () => ((await machine.run('cloud-init', 'status')).includes('done') ? true : undefined)
    await poll(done, 500, { signal: AbortSignal.timeout(60_000) })
    expect((await machine.run('systemctl', 'is-system-running')).trim()).toBe('running')
    expect(await machine.run('cloud-init', 'schema', '--system')).toMatch(/Valid schema user-data/)
  })

  test('keys are for root alone, and neither in the environment nor on the command line of Dask', async () => {
    const machine = room.machine(scheduler)
    expect((await machine.run('stat', '-c', '%a %U', '/etc/dask/node.key')).trim()).toBe('600 root')
    const pid = (await machine.run('systemctl', 'show', '--value', '-p', 'MainPID', 'dask.service')).trim()
    const shown = await machine.run('cat', `/proc/${pid}/environ`, `/proc/${pid}/cmdline`)
    expect(shown).toContain('distributed.cli.dask_scheduler')
    expect(shown).not.toContain('PRIVATE KEY')
    expect((await machine.run('stat', '-c', '%U', `/proc/${pid}`)).trim()).not.toBe('root')
  })

  test.each([scheduler, 'i-00000000000000002'])(
    'nobody but root writes what Dask is run by, and there is one key: %s',
    async id => {
      const machine = room.machine(id)
      const found = await machine.run('find', '/etc/dask', '-type', 'f', '-printf', '%m %u:%g %f\n')
      const files = found.trim().split('\n')
      expect(files.length).toBeGreaterThan(10)
      expect(files.filter(each => !/^(644|755) root:root /.test(each))).toEqual(['600 root:root node.key'])
      const given = await machine.run('ls', '/run/credentials/dask.service')
      expect(given.trim().split('\n').toSorted()).toEqual(['ca.pem', 'node.key', 'node.pem'])
    },
  )

  test('a scheduler whose process is killed comes back by itself, and its workers with it', async () => {
    const machine = room.machine(scheduler)
    const before = idNow()
    await machine.run('systemctl', 'kill', '--signal=SIGKILL', 'dask.service')
    const another = () => (idNow() === undefined || idNow() === before ? undefined : true)
    await poll(another, 100, { signal: AbortSignal.timeout(60_000) })
    expect(await workers(2)).toHaveLength(2)
  })

  test('files are there, and commands run as root, in order, until each has succeeded once', async () => {
    const machine = room.machine('i-00000000000000003')
    expect(await machine.run('cat', '/root/who')).toBe('root\nsay "hi" to $USER')
    expect((await machine.run('stat', '-c', '%a %U', '/srv/app/greeting')).trim()).toBe('640 root')
    expect(await machine.run('journalctl', '--no-pager', '-u', 'dask')).toContain(
      'software.setup[0] is tried again',
    )
  })

  test('a machine whose package index is away for 25 s recovers by itself', async () => {
    await room.index.stop()
    const machine = await start('worker', 4, 'i-00000000000000004')
    const said = () => machine.run('journalctl', '--no-pager', '-u', 'dask').catch(() => '')
    const tried = async () => ((await said()).includes('status=') ? true : undefined)
    await poll(tried, 200, { signal: AbortSignal.timeout(bootMs) })
    const began = performance.now()
    await poll(() => (performance.now() - began > 25_000 ? true : undefined), 200, {
      signal: AbortSignal.timeout(30_000),
    })
    await room.index.start()
    expect(await workers(3)).toContain('w-i-00000000000000004')
  })

  test('the metadata service’s notice has a worker leave, and its machine power itself off', async () => {
    const id = 'i-00000000000000005'
    const machine = await start('worker', 5, id)
    expect(await workers(4)).toContain(`w-${id}`)
    room.notify(id, 'spot/instance-action', '{"action": "terminate", "time": "2026-09-18T08:22:00Z"}')
    await poll(() => (room.running.includes(id) ? undefined : true), 100, {
      signal: AbortSignal.timeout(60_000),
    })
    await machine.gone
    await workers(3)
    const said = await machine.console()
    expect(said).toContain('dask-watch: the cloud takes this machine back: interruption')
    expect(said).toContain('dask-watch: powering off: its worker has left')
  })

  test('a machine that is switched off leaves nothing behind', async () => {
    const machine = room.machine('i-00000000000000004')
    await machine.run('systemctl', 'poweroff')
    await machine.gone
    expect(room.running).not.toContain('i-00000000000000004')
    await workers(2)
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain('i-00000000000000004')
  })

  test('tasks cannot ask the metadata service, and root can', async () => {
    const machine = room.machine('i-00000000000000002')
    const pid = (await machine.run('systemctl', 'show', '--value', '-p', 'MainPID', 'dask.service')).trim()
    const dask = (await machine.run('stat', '-c', '%u', `/proc/${pid}`)).trim()
    const asked = async (account: string) => (await machine.run('python3', '-c', asking, account)).trim()
    expect(await asked('0')).toBe('401')
    expect(await asked('1')).toBe('401')
    expect(Number(dask)).toBeGreaterThan(60_000)
    expect(await asked(dask)).toBe('Connection refused')
    expect(await asked('58786')).toBe('Connection refused')
  })

  test('the room is closed and nothing of it is left', async () => {
    await pool[Symbol.asyncDispose]()
    await room[Symbol.asyncDispose]()
    expect(room.traces()).toEqual([])
  })
})
