import { describe, expect, test } from 'vitest'
import { plural } from '../../src/api/names.ts'
import { wait } from '../../src/lib/wait.ts'
import { busiestSecond, counted } from '../support/arrivals.ts'
import { controlPlane } from '../support/control-plane.ts'
import { ProxiedRoom } from '../support/proxied-room.ts'
import { Supervisor } from '../support/supervisor.ts'

const plane = controlPlane()
const outageMs = 5 * 60_000
/** So long after its return the API server's load is looked at. */
const lookMs = 30_000
const pause = (ms: number): Promise<void> => wait(ms, { signal: AbortSignal.timeout(2 * ms) })
const settings = { 'simulated-startup': '50ms' }

/** The way to the API server is lost for five minutes, in one of two ways, while somebody else still has another. */
interface Outage {
  readonly how: string
  readonly replicas: string
  readonly names: readonly string[]
  readonly begin: (opened: ProxiedRoom) => void
  /** Resolves when the operator works. */
  readonly start: (opened: ProxiedRoom, all: AsyncDisposableStack) => Promise<void>
}

const called = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) => `${prefix}-${at}`)

const alone: Outage['start'] = async opened => {
  await opened.operator({ settings })
}

const led: Outage['start'] = async (opened, all) => {
  const replicas = ['one', 'two'].map(name =>
    all.use(new Supervisor(() => opened.start({ name, settings, flags: [] }), 2_000)),
  )
  await Promise.all(replicas.map(each => each.process.logged('waiting for the lease')))
  const leaders = async (): Promise<number> => {
    const logs = await Promise.all(replicas.map(({ process }) => process.log()))
    return logs.join().split('this process leads').length - 1
  }
  await opened.room.until('one leads', async () => (await leaders()) > 0)
}

const outages: readonly Outage[] = [
  {
    how: 'refuses connections',
    replicas: 'one replica without a lease',
    names: called('plain', 30),
    begin: ({ proxy }) => proxy.door.refuse(),
    start: alone,
  },
  {
    how: 'swallows what is sent',
    replicas: 'one replica without a lease',
    names: called('mute', 12),
    begin: ({ proxy }) => proxy.door.swallow(),
    start: alone,
  },
  {
    how: 'refuses connections',
    replicas: 'two replicas',
    names: called('led', 12),
    begin: ({ proxy }) => proxy.door.refuse(),
    start: led,
  },
  {
    how: 'swallows what is sent',
    replicas: 'two replicas',
    names: called('lost', 40),
    begin: ({ proxy }) => proxy.door.swallow(),
    start: led,
  },
]

describe.concurrent('row 12: an API server that is down for five minutes', () => {
  test.each(outages)(
    'and $how, with $replicas: nothing ends meanwhile, and all is well 10 s after its return',
    async outage => {
      const { names, begin, start } = outage
      await using opened = await ProxiedRoom.open(plane)
      await using all = new AsyncDisposableStack()
      const { proxy, room } = opened
      await start(opened, all)
      const made = await Promise.all(names.map(name => room.clusters.create(name, 1)))
      await Promise.all(names.map(name => room.settled(name, 1, 300_000)))
      const before = room.ledger.marks.length
      begin(opened)
      const [grown = '', wounded = '', deleted = ''] = names
      await room.clusters.scale(grown, 3)
      const { uid } = made[names.indexOf(wounded)]?.metadata ?? { uid: '' }
      room.ledger.end(room.ledger.alive(uid, 'worker').map(({ id }) => id))
      await room.clusters.remove(deleted)
      await room.clusters.create('newcomer', 1)
      await pause(outageMs)
      const ended = room.ledger.marks.slice(before).filter(({ kind }) => kind === 'ended')
      expect(ended).toHaveLength(1)
      const back = performance.now()
      proxy.door.restore()
      const gone = made[names.indexOf(deleted)]?.metadata.uid ?? ''
      await Promise.all([
        room.settled(grown, 3, 10_000),
        room.settled(wounded, 1, 10_000),
        room.settled('newcomer', 1, 10_000),
        room.clusters.gone(deleted, gone, 10_000),
      ])
      await pause(lookMs)
      const after = proxy.arrivals.filter(({ at }) => at >= back)
      const herd = busiestSecond(after)
      expect(herd.length > 50 ? counted(herd) : undefined).toBeUndefined()
      expect(after.filter(({ isWatch, path }) => isWatch && path.endsWith(plural)).length).toBeLessThan(6)
      expect(room.ledger.launched(gone)).toHaveLength(2)
    },
    900_000,
  )
})
