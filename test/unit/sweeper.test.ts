import { expect, test } from 'vitest'
import {
  type Holding,
  type Look,
  Sweeper,
  type SweeperOptions,
  type SweepReport,
} from '../../src/controller/sweeper.ts'
import { type ClusterUid, clusterKey, clusterUid } from '../../src/model/names.ts'

const call = { signal: new AbortController().signal }
const uidOf = (number: number): ClusterUid =>
  clusterUid(`00000000-0000-4000-8000-${String(number).padStart(12, '0')}`)
const orphan = uidOf(1)

const held = (owner: ClusterUid, machines: number, namespace = 'team-a'): Holding => ({
  owner,
  key: clusterKey(namespace, 'demo'),
  items: Array.from({ length: machines }, (_, index) => `${owner.slice(-4)}-${index}`),
  machines,
})

/** A cloud that a sweeper looks at: what it holds, who lives, and what was cleared. */
class Yard {
  now = 0
  holdings: readonly Holding[] = []
  living = new Set<ClusterUid>()
  /** Whether the API server can be asked. */
  isUp = true
  list: 'complete' | 'failing' = 'complete'
  listedAt = 0
  readonly cleared: string[] = []
  readonly reports: SweepReport[] = []
  readonly sweeper: Sweeper

  constructor(more: Partial<SweeperOptions> = {}) {
    this.sweeper = new Sweeper({
      places: () => [{ name: 'cloud', look: () => this.#look(), clear: async all => this.#clear(all) }],
      isKnown: owner => this.living.has(owner),
      isServed: namespace => namespace !== 'theirs',
      living: async () => this.#living(),
      report: report => void this.reports.push(report),
      now: () => this.now,
      mode: 'delete',
      graceMs: 900_000,
      limit: 5,
      ...more,
    })
  }

  /** A sweep every five seconds until `ms` have passed, with a new list before each. */
  async pass(ms: number): Promise<void> {
    for (const end = this.now + ms; this.now < end; ) {
      this.now += 5_000
      if (this.list === 'complete') this.listedAt = this.now
      await this.sweeper.sweep(call).catch(() => undefined)
    }
  }

  get outcomes(): readonly string[] {
    return this.reports.map(({ outcome }) => outcome)
  }

  #look(): Look | undefined {
    return this.listedAt === 0 ? undefined : { startedAt: this.listedAt, holdings: this.holdings }
  }

  #living(): ReadonlySet<ClusterUid> {
    if (!this.isUp) throw new Error('500')
    return this.living
  }

  #clear(all: readonly Holding[]): void {
    this.cleared.push(...all.flatMap(({ items }) => items))
    const gone = new Set(all.map(({ owner }) => owner))
    this.holdings = this.holdings.filter(({ owner }) => !gone.has(owner))
  }
}

function aYard(holdings: readonly Holding[], more: Partial<SweeperOptions> = {}): Yard {
  const yard = new Yard(more)
  yard.holdings = holdings
  return yard
}

test('an end that this process witnessed: two looks half a minute apart, and they go', async () => {
  const yard = aYard([held(orphan, 3)])
  yard.sweeper.witness(orphan)
  await yard.pass(30_000)
  expect(yard.cleared).toEqual([])
  await yard.pass(5_000)
  expect(yard.cleared).toEqual(['0001-0', '0001-1', '0001-2'])
  expect(yard.outcomes).toEqual(['found', 'ended'])
})

test('what is left of an owner whose end was asked for goes with the next list', async () => {
  const yard = aYard([held(orphan, 1)])
  yard.sweeper.witness(orphan)
  await yard.pass(35_000)
  yard.holdings = [{ ...held(orphan, 0), items: ['address'] }]
  await yard.pass(5_000)
  expect(yard.cleared).toEqual(['0001-0', 'address'])
})

test('what nobody saw the end of: reported at once, fifteen minutes of grace, then it goes', async () => {
  const yard = aYard([held(orphan, 1)])
  await yard.pass(5_000)
  expect(yard.outcomes).toEqual(['found'])
  expect(yard.sweeper.unclaimed).toEqual(new Map([['cloud', 1]]))
  await yard.pass(895_000)
  expect(yard.cleared).toEqual([])
  await yard.pass(35_000)
  expect(yard.cleared).toEqual(['0001-0'])
  await yard.pass(5_000)
  expect(yard.sweeper.unclaimed).toEqual(new Map())
})

test('a UID that lives is never swept, whatever a watch that lags says', async () => {
  const yard = new Yard({ isKnown: () => false })
  yard.holdings = [held(orphan, 1)]
  yard.living.add(orphan)
  yard.sweeper.witness(orphan)
  await yard.pass(2_000_000)
  expect([yard.cleared, yard.outcomes]).toEqual([[], []])
})

test('row 26: while the clusters cannot be listed nothing is done, and the looks before count', async () => {
  const yard = aYard([held(orphan, 1)])
  await yard.pass(60_000)
  yard.isUp = false
  await yard.pass(1_800_000)
  expect(yard.cleared).toEqual([])
  yard.isUp = true
  await yard.pass(5_000)
  expect(yard.cleared).toEqual(['0001-0'])
})

test('row 26: one list, however often it is looked at, is one look', async () => {
  const yard = aYard([held(orphan, 1)])
  yard.sweeper.witness(orphan)
  await yard.pass(5_000)
  yard.list = 'failing'
  await yard.pass(1_800_000)
  expect(yard.cleared).toEqual([])
})

test('a suspicion that was wrong for a moment begins anew', async () => {
  const yard = aYard([held(orphan, 1)])
  await yard.pass(890_000)
  const [machines] = [yard.holdings]
  yard.holdings = []
  await yard.pass(5_000)
  yard.holdings = machines
  await yard.pass(895_000)
  expect(yard.cleared).toEqual([])
  await yard.pass(35_000)
  expect(yard.cleared).toEqual(['0001-0'])
})

test('a namespace that is not served is somebody else’s', async () => {
  const yard = aYard([held(orphan, 1, 'theirs')])
  await yard.pass(2_000_000)
  expect(yard.outcomes).toEqual([])
})

test.each([
  { given: 'six of six', all: 6, orphans: 6, isEnded: false },
  { given: 'five of five', all: 5, orphans: 5, isEnded: true },
  { given: 'twenty of a hundred', all: 100, orphans: 20, isEnded: true },
  { given: 'twenty-one of a hundred', all: 100, orphans: 21, isEnded: false },
])(
  'more than a fifth and more than five at once are only reported: $given',
  async ({ all, orphans, isEnded }) => {
    const claimed = uidOf(99)
    const each = Array.from({ length: orphans }, (_, index) => held(uidOf(index + 1), 1))
    const yard = aYard([...each, ...(all > orphans ? [held(claimed, all - orphans)] : [])])
    yard.living.add(claimed)
    await yard.pass(935_000)
    expect(yard.cleared).toHaveLength(isEnded ? orphans : 0)
    expect(yard.outcomes.includes('too-many')).toBe(!isEnded)
  },
)

test.each([3_000, 5_000, 40_000, 120_000])(
  'many that turn up one after the other, every %i ms, count together',
  async everyMs => {
    const yard = aYard([])
    for (let number = 1; number <= 10; number++) {
      yard.holdings = [...yard.holdings, held(uidOf(number), 3)]
      await yard.pass(everyMs)
    }
    await yard.pass(2_000_000)
    expect(yard.cleared).toEqual([])
    expect(yard.outcomes).toContain('too-many')
  },
)

test('one lost cluster today and one tomorrow are no mass', async () => {
  const yard = aYard([held(uidOf(1), 3)])
  await yard.pass(2_000_000)
  yard.holdings = [held(uidOf(2), 3)]
  await yard.pass(2_000_000)
  expect(yard.cleared).toHaveLength(6)
})

test('the limit is for what nobody saw the end of: a large cluster whose end was witnessed goes whole', async () => {
  const yard = aYard([held(orphan, 50), held(uidOf(2), 8)])
  yard.sweeper.witness(orphan)
  await yard.pass(1_000_000)
  expect(yard.cleared).toHaveLength(50)
  expect(yard.outcomes).toContain('too-many')
})

test('a dry run reports and ends nothing', async () => {
  const yard = aYard([held(orphan, 1)], { mode: 'dry-run' })
  yard.sweeper.witness(orphan)
  await yard.pass(60_000)
  expect(yard.cleared).toEqual([])
  expect(new Set(yard.outcomes)).toEqual(new Set(['found', 'kept']))
})
