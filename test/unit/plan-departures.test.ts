import { describe, expect, test } from 'vitest'

import { machineId } from '../../src/model/names.ts'
import { plan } from '../../src/plan/plan.ts'
import { aMachine, aScheduler, aWorker, aWorld, now } from '../support/a-world.ts'

describe('machines that end', () => {
  const machines = [aScheduler(), aMachine('w1')]
  const surplus = { replicas: 0, machines, workers: [aWorker('w1', { status: 'closing_gracefully' })] }
  const id = machineId('w1')
  const longAgo = new Map([[id, now - 400_000]])
  const silent = { kind: 'silent', problem: 'nobody answers' } as const

  test.each([
    {
      given: 'dismissed',
      seeing: { ...surplus, memory: { dismissed: new Set([id]) } },
      why: /^their scheduler has closed/,
    },
    {
      given: 'not let go',
      seeing: { ...surplus, memory: { closing: longAgo } },
      why: /was asked to close .* has not$/,
    },
    { given: 'unknown', seeing: { ...surplus, workers: [] }, why: /knows no worker on them/ },
    {
      given: 'of a silent scheduler',
      seeing: {
        ...surplus,
        memory: { draining: longAgo, silentSince: now - 400_000 },
        world: { scheduler: silent },
      },
      why: /has not answered for minutes/,
    },
  ])('say why, where they are $given', ({ seeing, why }) => {
    const [step] = plan(aWorld(seeing)).filter(({ type }) => type === 'terminate')
    expect(step?.because).toMatch(why)
  })
})
