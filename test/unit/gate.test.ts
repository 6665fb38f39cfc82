import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { Gate } from '../../src/app/gate.ts'
import { veiled } from '../../src/app/veil.ts'
import type { CloudCall } from '../../src/app/wrapped.ts'
import { CloudError } from '../../src/model/faults.ts'

const values = { token: 'Marked-1f0c7c2e9b' }

function aGate() {
  const state = { now: 0, turns: 0, asked: [] as string[], isRevoked: true }
  const gate = new Gate(
    () => state.now,
    values,
    () => void (state.turns += 1),
  )
  const ask = (name: CloudCall): Promise<unknown> =>
    gate
      .through(name, async () => {
        state.asked.push(name)
        if (state.isRevoked) throw new CloudError('unauthorized', 'no such key')
        return 'done'
      })
      .catch((error: unknown) => error)
  return { state, gate, ask }
}

test('who may not list is asked once a minute, by lists alone, until one succeeds', async () => {
  const { state, gate, ask } = aGate()
  for (; state.now < 180_000; state.now += 500) {
    await ask('list')
    await ask('terminate')
  }
  expect(state.asked).toEqual(['list', 'list', 'list'])
  expect(gate.refusal).toBe('no such key')
  state.isRevoked = false
  expect(await ask('list')).toBe('done')
  expect(await ask('terminate')).toBe('done')
  expect(gate.refusal).toBeUndefined()
  expect(state.turns).toBe(2)
})

test('whose proof is refused may not even list, until one succeeds', async () => {
  const { state, gate, ask } = aGate()
  await ask('prove')
  expect([gate.refusal, gate.isListRefused]).toEqual(['no such key', false])
  await ask('list')
  await ask('terminate')
  expect(state.asked).toEqual(['prove'])
  state.isRevoked = false
  expect(await ask('prove')).toBe('done')
  expect(await ask('list')).toBe('done')
  expect(state.turns).toBe(2)
})

test('a good proof does not stand for a list that is refused', async () => {
  const { state, gate, ask } = aGate()
  await ask('list')
  state.isRevoked = false
  await ask('prove')
  expect(state.asked).toEqual(['list'])
  expect([gate.refusal, gate.isListRefused]).toEqual(['no such key', true])
})

test('a right that is missing closes the calls that need it, and no others', async () => {
  const { state, gate, ask } = aGate()
  await ask('launch')
  await ask('launch')
  state.isRevoked = false
  expect(await ask('list')).toBe('done')
  expect(await ask('launch')).toBeInstanceOf(CloudError)
  expect(state.asked).toEqual(['launch', 'list'])
  expect(gate.refusal).toBeUndefined()
  expect(gate.isDoubted).toBe(true)
})

test('an error that quotes a Secret, in its words or its cause, quotes it no more', () => {
  const cause = new Error(`signed with ${values.token}`)
  const quoting = new CloudError('unauthorized', `bad token ${values.token}`, { cause })
  const clean = veiled(quoting, values)
  expect(clean).toMatchObject({ fault: 'unauthorized', message: 'bad token [redacted]' })
  expect(inspect(clean)).not.toContain(values.token)
  const innocent = new CloudError('throttled', 'too fast')
  expect(veiled(innocent, values)).toBe(innocent)
})
