import { expect, test } from 'vitest'

import { lastWords } from '../../src/app/last-words.ts'
import { machineId } from '../../src/model/names.ts'

const call = { signal: new AbortController().signal }
const said = (text: string): Promise<string> =>
  lastWords({ console: async () => text }, machineId('i-1'), call)

test.each([
  {
    given: 'colours and carriage returns',
    text: '\u001B[0;32m  OK  \u001B[0m Started\r\n\u001B[?25hdask-boot: install: no\u0007\u0000\r\n',
    want: 'OK   Started\ndask-boot: install: no',
  },
  {
    given: 'a secret',
    text: 'dask-boot: https://me:hunter2@index.example/simple',
    want: 'dask-boot: https://me:[redacted]@index.example/simple',
  },
  { given: 'nothing', text: '', want: '' },
])('of a console with $given', async ({ text, want }) => {
  expect(await said(text)).toBe(want)
})

test('a long one is cut to its end', async () => {
  const words = await said(`${'kernel: noise\n'.repeat(5_000)}dask-boot: install: no such package`)
  expect(words.length).toBeLessThanOrEqual(800)
  expect(words).toMatch(/dask-boot: install: no such package$/)
})

test('a console that cannot be read says nothing', async () => {
  const unread = { console: async (): Promise<string> => Promise.reject(new Error('gone')) }
  expect(await lastWords(unread, machineId('i-1'), call)).toBe('')
  expect(await lastWords({}, machineId('i-1'), call)).toBe('')
})
