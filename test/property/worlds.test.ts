import { expect, test } from 'vitest'
import { type Ablation, type Kind, kinds, play } from './worlds.ts'

const worlds = Number(process.env['WORLDS'] ?? 400)
const first = Number(process.env['SEED'] ?? 1)
const whole: Ablation = { writesAhead: true, remembers: true, sweeps: true }

async function failures(kind: Kind, count: number, ablation: Ablation): Promise<readonly string[]> {
  const found: string[] = []
  for (let seed = first; seed < first + count; seed++) {
    const problems = await play(kind, seed, ablation)
    if (problems.length > 0) found.push(`seed ${seed} of ${kind.name}: ${problems.join('; ')}`)
  }
  return found
}

test.each(Object.entries(kinds))(
  `rows 1, 2, 4, 5, 7, 9, 10, 23: ${worlds} worlds with %s converge and leak nothing`,
  async (_name, kind) => {
    expect((await failures(kind, worlds, whole)).slice(0, 5)).toEqual([])
  },
)

test.each([
  {
    given: 'no record written ahead',
    kind: kinds['crashes at any await of a pass'],
    without: { writesAhead: false },
    many: 300,
  },
  {
    given: 'no memory between passes',
    kind: kinds['crashes at any await of a pass'],
    without: { remembers: false },
    many: 300,
  },
  {
    given: 'no sweeper',
    kind: kinds['clusters that are let go by force'],
    without: { sweeps: false },
    many: 30,
  },
])('the same worlds fail with $given', async ({ kind, without, many }) => {
  const found = await failures(kind, many, { ...whole, ...without })
  expect(found.length).toBeGreaterThan(0)
})
