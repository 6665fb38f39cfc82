import { expect, test } from 'vitest'
import { Patience } from '../../scripts/demo/patience.ts'

const call = { signal: new AbortController().signal }
const operator = (end: string | undefined) => ({ end, said: async () => 'first line\nlast line\n' })
const quiet = { note: () => undefined }

test('what came about is returned', async () => {
  const looks = [undefined, undefined, 'there']
  const patience = new Patience(operator(undefined), quiet)
  expect(await patience.until('it', 60_000, async () => looks.shift(), call)).toBe('there')
})

test('a deadline says what was waited for, and what the operator said last', async () => {
  const patience = new Patience(operator(undefined), quiet)
  const waiting = patience.until('the machines', 0, async () => undefined, call)
  await expect(waiting).rejects.toThrow(/waited 0 s for the machines[^]*last line/)
})

test('nobody waits for an operator that has ended', async () => {
  const patience = new Patience(operator('exit code 1'), quiet)
  const waiting = patience.until('the machines', 60_000, async () => undefined, call)
  await expect(waiting).rejects.toThrow(/ended \(exit code 1\) before the machines[^]*last line/)
})

test('a signal ends a wait at once', async () => {
  const stop = AbortSignal.abort(new Error('ended by SIGINT'))
  const waiting = new Patience(operator(undefined), quiet).until('it', 60_000, async () => undefined, {
    signal: stop,
  })
  await expect(waiting).rejects.toThrow('ended by SIGINT')
})
