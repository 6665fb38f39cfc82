import { expect, test } from 'vitest'

import { restMs, usualPace } from '../../src/dask/pace.ts'
import { Turnstile } from '../../src/dask/turnstile.ts'
import { inTime } from '../support/dask-processes.ts'

test.each([
  { given: 'it answers', failures: 0, quietMs: 0, want: 1_000 },
  { given: 'it has just been made', failures: 1, quietMs: 300, want: 250 },
  { given: 'it is still expected', failures: 200, quietMs: 59_000, want: 250 },
  { given: 'it is late', failures: 240, quietMs: 61_000, want: 250 },
  { given: 'it is later', failures: 250, quietMs: 68_000, want: 500 },
  { given: 'it is dead', failures: 400, quietMs: 600_000, want: 5_000 },
])('when $given it is asked again after $want ms', ({ failures, quietMs, want }) => {
  expect(restMs(usualPace, failures, quietMs)).toBe(want)
})

test('a turnstile lets so many in, in order, and goes on after a failure', async () => {
  const turnstile = new Turnstile(2)
  const ends: (() => void)[] = []
  const inside: number[] = []
  const enter = (visitor: number): Promise<void> =>
    turnstile.through(() => {
      inside.push(visitor)
      return new Promise((resolve, reject) =>
        ends.push(visitor === 1 ? () => reject(new Error('no')) : resolve),
      )
    }, inTime(5_000))
  const visits = [1, 2, 3, 4].map(enter)
  const impatient = turnstile.through(() => Promise.resolve('in'), { signal: AbortSignal.timeout(5) })
  await expect(impatient).rejects.toMatchObject({ name: 'TimeoutError' })
  expect(inside).toEqual([1, 2])
  ends[0]?.()
  await expect(visits[0]).rejects.toThrow('no')
  ends[1]?.()
  await visits[1]
  expect(inside).toEqual([1, 2, 3, 4])
  for (const end of ends) end()
  await Promise.all(visits.slice(2))
  expect(await turnstile.through(() => Promise.resolve('in'), inTime(5_000))).toBe('in')
})
