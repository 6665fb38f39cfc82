import { expect, test } from 'vitest'
import { Memo } from '../../src/lib/memo.ts'

const never = (): Promise<string> => Promise.reject(new Error('was asked again'))

test('an answer is kept for its time, and asked for again after it', async () => {
  let now = 0
  const memo = new Memo<string>(100, () => now)
  expect(await memo.of('a', () => Promise.resolve('first'))).toBe('first')
  now = 99
  expect(await memo.of('a', never)).toBe('first')
  now = 100
  expect(await memo.of('a', () => Promise.resolve('second'))).toBe('second')
})

test('what is too old is forgotten by whatever question comes next', async () => {
  let now = 0
  const memo = new Memo<string>(100, () => now)
  for (const question of ['a', 'b']) await memo.of(question, () => Promise.resolve(question))
  now = 50
  await memo.of('c', () => Promise.resolve('c'))
  expect(memo.size).toBe(3)
  now = 120
  await memo.of('d', () => Promise.resolve('d'))
  expect(memo.size).toBe(2)
})

test('a failure is not kept', async () => {
  const memo = new Memo<string>(100, () => 0)
  await expect(memo.of('a', never)).rejects.toThrow('was asked again')
  expect(await memo.of('a', () => Promise.resolve('here'))).toBe('here')
})
