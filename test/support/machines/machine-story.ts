import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Boot, MetadataService } from '../../../src/bootstrap/boot.ts'
import { renderUserData } from '../../../src/bootstrap/user-data.ts'
import type { SchedulerPool } from '../../../src/dask/pool.ts'
import { poll } from '../../../src/lib/wait.ts'
import type { Role } from '../../../src/model/names.ts'
import { aBoot, identity } from '../boots.ts'
import type { DaskUser } from '../dask-user.ts'
import { tell } from '../python.ts'
import type { Datasource } from './datasource.ts'
import { addresses, asking, aUser, bootedAs, daskPid, followed, holding, squares } from './machine-sight.ts'
import { MachineRoom, machines } from './room.ts'
import { currentRun } from './run-name.ts'

/** What is the cloud's own about machines that boot from its metadata service. */
export interface MachineKind {
  readonly source: Datasource
  readonly metadata: MetadataService
  /** Of the machine at a place, counted from 1: the scheduler's. */
  id(index: number): string
  readonly size: string
  readonly zone: string
  /** The very bytes that the cloud is given. */
  encode(userData: string): Buffer
  /** Where user data is asked for, and what it says to who asks without a header: a refusal, mostly. */
  readonly asked: { readonly path: string; readonly refusal: string }
  /** How the cloud takes a machine back, and what its console says then; undefined in a cloud that takes none. */
  readonly taken?: {
    back(room: MachineRoom, id: string): Promise<void>
    readonly lastWords: readonly string[]
  }
}

/** One scheduler and two workers, as they are in the middle of the story. */
export interface Stage {
  readonly room: MachineRoom
  /** Of the scheduler's process, while it answers. */
  readonly schedulerId: () => string | undefined
  /** The names of workers that serve, once there are so many. */
  readonly workers: (count: number) => Promise<readonly string[]>
}

const bootMs = 180_000

/** With a command that succeeds at its second try only. */
const software = {
  kind: 'python',
  pythonVersion: undefined,
  packages: ['dask==2026.8.0', 'distributed==2026.8.0'],
  files: [{ path: '/srv/app/greeting', mode: '0640', content: 'say "hi" to $USER' }],
  setup: ['id -un >/root/who; mkdir /root/tried || exit 0; exit 3', 'cat /srv/app/greeting >>/root/who'],
} as const

const seconds = (began: number): string => `${((performance.now() - began) / 1000).toFixed(1)} s`

/** Waits until Dask's unit has failed for the first time on a machine. */
async function failsOnce(room: MachineRoom, id: string): Promise<void> {
  const machine = room.machine(id)
  const said = () => machine.run('journalctl', '--no-pager', '-u', 'dask').catch(() => '')
  const tried = async () => ((await said()).includes('status=') ? true : undefined)
  await poll(tried, 200, { signal: AbortSignal.timeout(bootMs) })
}

async function hasPassed(ms: number): Promise<void> {
  const began = performance.now()
  const hasCome = () => (performance.now() - began > ms ? true : undefined)
  await poll(hasCome, 200, { signal: AbortSignal.timeout(ms + 5_000) })
}

const isThere = (path: string): Promise<true> =>
  poll(() => (existsSync(path) ? true : undefined), 50, { signal: AbortSignal.timeout(60_000) })

async function consoles(room: MachineRoom): Promise<string> {
  const said = room.running.map(async id => `${id}:\n${(await room.console(id)).slice(-3_000)}`)
  return (await Promise.all(said)).join('\n')
}

/** The tests of one file: each begins with what the one before has left. `more` are told in its middle. */
export function machineStory(kind: MachineKind, more: (stage: () => Stage) => void = () => undefined): void {
  const ground = machines()
  const all = new AsyncDisposableStack()
  const [scheduler, first, second] = [kind.id(1), kind.id(2), kind.id(3)]
  let room: MachineRoom
  let pool: SchedulerPool
  let user: DaskUser

  beforeAll(async () => {
    if (ground === undefined) return
    room = all.use(await MachineRoom.open(ground, kind.source))
    pool = all.use(followed())
    const folder = await mkdtemp(join(tmpdir(), `${currentRun()}-user-`))
    all.defer(() => rm(folder, { recursive: true, force: true }))
    user = await aUser(folder)
  })
  afterAll(() => all.disposeAsync())

  const start = (role: Role, index: number, changes: Partial<Boot> = {}) =>
    room.start({
      id: kind.id(index),
      ...MachineRoom.place(index),
      size: kind.size,
      zone: kind.zone,
      userData: kind.encode(
        renderUserData(aBoot(role, { scheduler: addresses(), metadata: kind.metadata, ...changes })),
      ),
    })
  const last = () => {
    const view = pool.last(identity.uid)
    return view.kind === 'answering' ? view : undefined
  }
  async function workers(count: number): Promise<readonly string[]> {
    const serving = () => {
      const names = last()
        ?.workers.filter(({ status }) => status === 'running')
        .map(({ name }) => name)
      return names?.length === count ? names.toSorted() : undefined
    }
    return poll(serving, 100, { signal: AbortSignal.timeout(bootMs) }).catch(async (cause: unknown) => {
      throw new Error(
        `${count} workers did not come: ${JSON.stringify(pool.last(identity.uid))}\n${await consoles(room)}`,
        {
          cause,
        },
      )
    })
  }

  describe('what a machine is given boots on a real system', () => {
    test('a scheduler and two workers whose package index is away for 25 s find each other over mutual TLS by themselves, named as their cloud names them', async () => {
      const began = performance.now()
      await room.index.stop()
      await Promise.all([start('scheduler', 1), start('worker', 2), start('worker', 3, { software })])
      for (const id of [scheduler, first, second]) await failsOnce(room, id)
      await hasPassed(25_000)
      await room.index.start()
      const back = performance.now()
      expect(await workers(2)).toEqual([`w-${first}`, `w-${second}`])
      tell(`1 + 2 machines install Dask and serve ${seconds(back)} after their index is there`)
      const boots = [last()?.boot, ...(last()?.workers ?? []).map(({ boot }) => boot)]
      expect(boots).toHaveLength(3)
      for (const boot of boots) {
        expect(boot?.installed).toBeGreaterThan(25)
        expect(boot?.up).toBeGreaterThan(0)
        expect((boot?.installed ?? 0) + (boot?.up ?? 0)).toBeLessThan((performance.now() - began) / 1000)
      }
    })

    test('Python computes on them', async () => {
      expect(await user.ask(squares)).toBe(2_646_700)
    })

    test.each([scheduler, first])('cloud-init and systemd are content with it: %s', async id => {
      const machine = room.machine(id)
      const said = () => bootedAs(machine)
      expect(await poll(said, 500, { signal: AbortSignal.timeout(60_000) })).toEqual([])
      expect((await machine.run('systemctl', 'is-system-running')).trim()).toBe('running')
      expect(await machine.run('cloud-init', 'schema', '--system')).toMatch(/Valid schema user-data/)
    })

    more(() => ({ room, schedulerId: () => last()?.id, workers }))

    test('tasks cannot ask the metadata service, and root can', async () => {
      const machine = room.machine(first)
      const dask = (await machine.run('stat', '-c', '%u', `/proc/${await daskPid(machine)}`)).trim()
      const asked = async (account: string) =>
        (await machine.run('python3', '-c', asking, account, kind.asked.path)).trim()
      expect(await asked('0')).toBe(kind.asked.refusal)
      expect(await asked('1')).toBe(kind.asked.refusal)
      expect(Number(dask)).toBeGreaterThan(60_000)
      expect(await asked(dask)).toBe('Connection refused')
      expect(await asked('58786')).toBe('Connection refused')
    })

    const others = kind.taken === undefined ? [second] : []

    test.each(kind.taken === undefined ? [] : [kind.taken])(
      'a worker whose machine is taken back hands over what it has, and the machine goes off',
      async taken => {
        const here = join(user.folder, 'here')
        const held = user.ask(holding, [`w-${second}`, here])
        await Promise.race([isThere(here), held])
        const machine = room.machine(second)
        const began = performance.now()
        await taken.back(room, second)
        await machine.gone
        tell(`a machine that is taken back is off in ${seconds(began)}`)
        expect(await held).toBe(true)
        expect(await workers(1)).toEqual([`w-${first}`])
        expect(room.running.toSorted()).toEqual([scheduler, first])
        const said = await machine.console()
        for (const words of taken.lastWords) expect(said).toContain(words)
      },
    )

    test('a machine that is switched off leaves nothing behind', async () => {
      const machine = room.machine(first)
      await machine.run('systemctl', 'poweroff')
      await machine.gone
      expect(room.running.toSorted()).toEqual([scheduler, ...others].toSorted())
      expect(await workers(others.length)).toEqual(others.map(id => `w-${id}`))
      expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(first)
    })

    test('the room is closed and nothing of it is left', async () => {
      await all.disposeAsync()
      expect(room.traces()).toEqual([])
    })
  })
}
