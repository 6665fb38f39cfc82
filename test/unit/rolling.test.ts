import { describe, expect, test } from 'vitest'
import type { Machine } from '../../src/model/machine.ts'
import { machineId } from '../../src/model/names.ts'
import type { DaskWorker } from '../../src/model/world.ts'
import { surge } from '../../src/plan/workers.ts'
import { aLaunch, aMachine, aScheduler, aWorker, now } from '../support/a-world.ts'
import { steps } from '../support/plan-steps.ts'

/** So many machines of a version, `b1` the oldest of those of version b. */
const made = (version: string, count: number): readonly Machine[] =>
  Array.from({ length: count }, (_, index) =>
    aMachine(`${version}${index + 1}`, { version, ageMs: (ages[version] ?? 0) - index }),
  )

/** Versions were made in the order of their letters. */
const ages: Readonly<Record<string, number>> = { a: 90_000, b: 60_000, c: 30_000 }

const serving = (machines: readonly Machine[]): readonly DaskWorker[] =>
  machines.map(({ id }) => aWorker(String(id)))

interface Rolling {
  readonly given: string
  readonly replicas?: number
  readonly version?: string
  readonly machines: readonly Machine[]
  /** Those whose workers do not serve: they boot. */
  readonly booting?: readonly string[]
  /** Those that drain and are at work. */
  readonly draining?: readonly string[]
  readonly want: readonly string[]
}

const a8 = made('a', 8)

const rows: readonly Rolling[] = [
  { given: 'eight old ones: a quarter more is made first', machines: a8, want: ['record 2 default'] },
  {
    given: 'nothing goes while the new ones boot',
    machines: [...a8, ...made('b', 2)],
    booting: ['b1', 'b2'],
    want: [],
  },
  {
    given: 'one old one goes for each new one that serves',
    machines: [...a8, ...made('b', 2)],
    booting: ['b2'],
    want: ['drain-workers a8'],
  },
  {
    given: 'nothing more is made while those on their way out are there',
    machines: [...a8, ...made('b', 2)],
    draining: ['a7', 'a8'],
    want: [],
  },
  {
    given: 'the place of one that is gone is taken at once',
    machines: [...made('a', 7), ...made('b', 2)],
    draining: ['a7'],
    want: ['record 1 default'],
  },
  {
    given: 'the last old ones stay until the last new ones serve',
    machines: [...made('a', 2), ...made('b', 8)],
    booting: ['b7', 'b8'],
    want: [],
  },
  { given: 'then they go', machines: [...made('a', 2), ...made('b', 8)], want: ['drain-workers a1 a2'] },
  { given: 'it is over', machines: made('b', 8), want: [] },
  { given: 'four: one more', replicas: 4, machines: made('a', 4), want: ['record 1 default'] },
  { given: 'one: one more', replicas: 1, machines: made('a', 1), want: ['record 1 default'] },
  {
    given: 'in the middle of another: what boots for nothing goes first, and no old one',
    version: 'c',
    machines: [...a8, ...made('b', 2)],
    booting: ['b1', 'b2'],
    want: ['terminate b1 b2'],
  },
  {
    given: 'in the middle of another: the newer of the old serve no less, and go first',
    version: 'c',
    machines: [...made('a', 6), ...made('b', 2), ...made('c', 1)],
    want: ['drain-workers b2', 'record 1 default'],
  },
  {
    given: 'in the middle of another: those that drain count as there',
    version: 'c',
    machines: [...a8, ...made('b', 2)],
    draining: ['a7', 'a8'],
    want: [],
  },
  {
    given: 'to fewer: nothing is made while there are more than wanted',
    replicas: 4,
    machines: a8,
    want: ['drain-workers a5 a6 a7 a8'],
  },
  {
    given: 'to fewer: then as usual',
    replicas: 4,
    machines: made('a', 5),
    draining: ['a5'],
    want: [],
  },
  {
    given: 'to fewer, those on their way gone',
    replicas: 4,
    machines: made('a', 4),
    want: ['record 1 default'],
  },
  {
    given: 'to more: new ones for all the room there is',
    replicas: 12,
    machines: a8,
    want: ['record 7 default'],
  },
]

describe('a roll', () => {
  test.each(rows)(
    '$given',
    ({ replicas = 8, version = 'b', machines, booting = [], draining = [], want }) => {
      const workers = serving(machines.filter(({ id }) => !booting.includes(id))).map(worker =>
        draining.some(id => worker.name === `w-${id}`)
          ? { ...worker, status: 'closing_gracefully', executing: 1 }
          : worker,
      )
      const memory = { draining: new Map(draining.map(id => [machineId(id), now - 1_000])) }
      const all = [aScheduler({ version }), ...machines]
      expect(steps({ replicas, version, machines: all, workers, memory })).toEqual(want)
    },
  )

  test('a launch for what is wanted no more takes room until its machines are seen', () => {
    const state = { kind: 'accepted', at: now, machines: [machineId('b1'), machineId('b2')] } as const
    const launches = [
      aLaunch('0000000000000001', {
        count: 2,
        fingerprint: aMachine('', { version: 'b' }).fingerprint,
        state,
      }),
    ]
    const machines = [aScheduler({ version: 'c' }), ...a8]
    expect(steps({ replicas: 8, version: 'c', machines, workers: serving(a8), launches })).toEqual([])
  })
})

test.each([
  [1, 1],
  [4, 1],
  [5, 2],
  [8, 2],
  [9, 3],
  [100, 25],
])('of %i workers there are at most %i more', (replicas, more) => {
  expect(surge(replicas)).toBe(more)
})
