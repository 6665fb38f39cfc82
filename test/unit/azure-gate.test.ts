import { expect, test } from 'vitest'
import { AzureGate } from '../../src/clouds/azure/gate.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

const at = (method: string, provider: string) => ({
  method,
  url: `https://management.azure.com/subscriptions/s/providers/${provider}/things?api-version=1`,
})
const soon = { signal: AbortSignal.timeout(1) }
const patient = { signal: new AbortController().signal }

test('what one provider refuses for a while holds up nothing of another, and no other method', async () => {
  const gate = new AzureGate(new VirtualClock().now)
  gate.told(at('GET', 'Microsoft.Compute'), 20_000)
  await gate.pass(at('GET', 'Microsoft.Network'), patient)
  await gate.pass(at('DELETE', 'Microsoft.Compute'), patient)
  await expect(gate.pass(at('GET', 'microsoft.compute'), soon)).rejects.toMatchObject({ fault: 'throttled' })
})

test('it is held for a minute at most, and then no longer', async () => {
  const clock = new VirtualClock()
  const gate = new AzureGate(clock.now)
  gate.told(at('PUT', 'Microsoft.Compute'), 3_600_000)
  clock.moveTo(clock.now() + 60_001)
  await gate.pass(at('PUT', 'Microsoft.Compute'), patient)
  expect(gate.changes).toBe(1)
})

test('only what changes something is counted as a change', async () => {
  const gate = new AzureGate(new VirtualClock().now)
  for (const method of ['GET', 'PUT', 'DELETE', 'POST'])
    await gate.pass(at(method, 'Microsoft.Network'), patient)
  expect(gate.changes).toBe(3)
})
