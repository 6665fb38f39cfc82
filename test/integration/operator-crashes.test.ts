import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { controlPlane } from '../support/control-plane.ts'
import { tellStory } from '../support/crash-story.ts'
import { type Fate, FateBook } from '../support/fate.ts'
import { OperatorRoom } from '../support/operator-room.ts'
import { tellOfRow } from '../support/rows.ts'
import { Supervisor } from '../support/supervisor.ts'

const plane = controlPlane()
const died = new Set<string>()
let kills = 0
let livesTold = 0

type Life = Omit<Fate, 'directory' | 'signal'>

/** The story with an operator that is killed and started again. Returns the points that it passed, and where it died. */
async function lived(life: Life) {
  await using room = await OperatorRoom.openApart(plane)
  const book = new FateBook({ directory: join(room.directory, 'fate'), signal: 'SIGKILL', ...life })
  await using operator = new Supervisor(() => room.operator({ fate: book.fate }))
  const complaints = await tellStory(room, book)
  for (const point of book.strokes) died.add(point.replace(/^[a-z-]+: /, ''))
  kills += book.strokes.length
  livesTold += 1
  const ends = operator.exits.filter(code => code !== null)
  return { complaints, ends, passed: book.points, strokes: book.strokes }
}

afterAll(() => tellOfRow(1, `${died.size} points, ${kills} kills`))

/** A point that follows another without anything between is never reached by who dies at that one: each kind has its own lives. */
const desk = ['eyes.', 'hands.']
const cloud = ['cloud.']
const kube = ['GET ', 'POST ', 'PUT ', 'PATCH ', 'DELETE ']

const lives: readonly { readonly name: string; readonly life: Life }[] = [
  { name: 'three times at every request to the API server', life: { times: 3, only: kube } },
  { name: 'three times at every look and step of the pass', life: { times: 3, only: desk } },
  { name: 'once at every look and step, anew in every phase', life: { times: 1, only: desk, byPhase: true } },
  { name: 'three times at every call of the cloud', life: { times: 3, only: cloud } },
  {
    name: 'once at every call of the cloud, anew in every phase',
    life: { times: 1, only: cloud, byPhase: true },
  },
  ...[1, 2].map(seed => ({
    name: `at random (seed ${seed})`,
    life: { times: 0, chance: { share: 0.03, seed, most: 25 } },
  })),
]

describe.concurrent('row 1: nothing is doubled, nothing leaks, and it is Ready without a person', () => {
  test.each(lives)(
    'killed $name',
    async ({ life }) => {
      const { complaints, ends, strokes } = await lived(life)
      expect(complaints).toEqual([])
      expect(ends).toEqual([])
      const often = life.chance === undefined ? mostAtOnePoint(strokes) : life.times
      expect(often).toBe(life.times)
      expect(strokes.length).toBeGreaterThan(9)
    },
    1_800_000,
  )
})

test('row 1: the points at which it was killed are those that a life without a crash passes', async ({
  skip,
}) => {
  skip(livesTold < lives.length, 'it looks back at all the lives of this file: run the file whole')
  const { complaints, passed } = await lived({ times: 0 })
  expect(complaints).toEqual([])
  const deadly = new Set([...died].flatMap(plainly))
  // Events are written beside the passes: whether two alike come together is chance.
  const spared = passed.filter(point => !point.includes(' event ')).flatMap(plainly)
  expect(spared.filter(point => !deadly.has(point))).toEqual([])
})

const mostAtOnePoint = (strokes: readonly string[]): number =>
  Math.max(0, ...[...Map.groupBy(strokes, point => point).values()].map(({ length }) => length))

/**
 * A point by names that do not depend on what happened to come together. A cluster's Secrets are asked for and written side
 * by side: who dies at the answer for one is not there for the others'. Records in several states count as one of each.
 */
function plainly(point: string): readonly string[] {
  const alike = point.replace(/ secret (ca|scheduler|worker|client)/, ' secret')
  const [states] = /[a-z]+(?:\+[a-z]+)+/.exec(alike) ?? []
  return states === undefined ? [alike] : states.split('+').map(state => alike.replace(states, state))
}
