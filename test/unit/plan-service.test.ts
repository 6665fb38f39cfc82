import { expect, test } from 'vitest'
import type { World } from '../../src/model/world.ts'
import { plan } from '../../src/plan/plan.ts'
import { aScheduler, aWorld, now, type Seeing } from '../support/a-world.ts'

const at = (host: string) => {
  const endpoint = { host, port: 8786 }
  return { internal: { host: '10.9.9.9', port: 8786 }, external: endpoint }
}
const running = (host: string) => aScheduler({ state: { kind: 'running', addresses: at(host) } })
const leads = (host: string, isUp = true) => ({ route: { host, port: 8786, isUp } })

type Seen = Extract<World['service'], { kind: 'seen' }>
const seen = (service: Seen['service'], slice: Seen['slice']): Partial<World> => ({
  service: { kind: 'seen', service, slice },
})

/** What is done about the Service, and where it is to lead. */
function done(seeing: Seeing): readonly string[] {
  return plan(aWorld(seeing)).flatMap(step => {
    if (step.type === 'remove-service') return [step.type]
    if (step.type !== 'publish-service') return []
    const { host, isUp } = step.route ?? { host: 'nowhere', isUp: false }
    return [`${step.type} ${host} ${isUp ? 'up' : 'down'}`]
  })
}

const machines = [running('198.51.100.7')]
const workers = [] as const
const firstList = { ...aWorld().inventory, machines: [], previousStartedAt: -Infinity } as World['inventory']

test.each([
  {
    given: 'nothing there yet: it leads to where clients outside are',
    seeing: { machines, workers, world: seen('missing', 'missing') },
    want: ['publish-service 198.51.100.7 up'],
  },
  {
    given: 'all as it is to be',
    seeing: { machines, workers, world: seen('kept', leads('198.51.100.7')) },
    want: [],
  },
  {
    given: 'the slice deleted',
    seeing: { machines, workers, world: seen('kept', 'missing') },
    want: ['publish-service 198.51.100.7 up'],
  },
  {
    given: 'the Service edited',
    seeing: { machines, workers, world: seen('altered', leads('198.51.100.7')) },
    want: ['publish-service 198.51.100.7 up'],
  },
  {
    given: 'a new scheduler at another address',
    seeing: { machines, workers, world: seen('kept', leads('198.51.100.6')) },
    want: ['publish-service 198.51.100.7 up'],
  },
  {
    given: 'a machine that still boots, at the kept address',
    seeing: {
      machines: [aScheduler({ state: { kind: 'starting' } })],
      world: seen('kept', leads('10.0.0.7')),
    },
    want: ['publish-service 10.0.0.7 down'],
  },
  {
    given: 'no machine yet: the Service is enough',
    seeing: { world: { ...seen('missing', 'missing'), hasServed: false } },
    want: ['publish-service 10.0.0.7 down'],
  },
  {
    given: 'no machine yet, and the Service there',
    seeing: { world: { ...seen('kept', 'missing'), hasServed: false } },
    want: [],
  },
  {
    given: 'the first list of a new process, which misses the machine',
    seeing: { world: { ...seen('kept', leads('198.51.100.7')), inventory: firstList } },
    want: [],
  },
  {
    given: 'a cloud that cannot be listed',
    seeing: {
      world: {
        ...seen('missing', 'missing'),
        inventory: { kind: 'silent', problem: '', fault: 'unavailable' } as const,
      },
    },
    want: [],
  },
  {
    given: 'an address of the operator’s own computer: the Service, and nothing behind it',
    seeing: { machines: [running('127.64.1.2')], workers, world: seen('missing', 'missing') },
    want: ['publish-service nowhere down'],
  },
  {
    given: 'the same once the Service is there',
    seeing: { machines: [running('127.64.1.2')], workers, world: seen('kept', 'missing') },
    want: [],
  },
  {
    given: 'a name for an address',
    seeing: { machines: [running('simulated.invalid')], workers, world: seen('kept', 'missing') },
    want: [],
  },
  {
    given: 'somebody else’s Service',
    seeing: { machines, workers, world: seen('foreign', 'missing') },
    want: [],
  },
  {
    given: 'somebody else’s Service in front of our slice: nobody is sent on',
    seeing: { machines, workers, world: seen('foreign', leads('198.51.100.7')) },
    want: ['remove-service'],
  },
  {
    given: 'somebody else’s slice',
    seeing: { machines, workers, world: seen('kept', 'foreign') },
    want: [],
  },
  {
    given: 'the cluster suspended',
    seeing: { phase: 'suspended', world: seen('kept', leads('198.51.100.7')) },
    want: ['publish-service nowhere down'],
  },
  {
    given: 'the cluster suspended, and that done',
    seeing: { phase: 'suspended', world: seen('kept', { route: undefined }) },
    want: [],
  },
  {
    given: 'the cluster deleted',
    seeing: { phase: 'deleting', machines, world: seen('kept', leads('198.51.100.7')) },
    want: ['remove-service'],
  },
  {
    given: 'the cluster deleted, and only what is somebody else’s left',
    seeing: { phase: 'deleting', world: seen('foreign', 'foreign') },
    want: [],
  },
  {
    given: 'a write that was refused a moment ago',
    seeing: { machines, workers, world: { service: { kind: 'refused', problem: 'quota' } as const } },
    want: [],
  },
] satisfies readonly { given: string; seeing: Seeing; want: readonly string[] }[])(
  '$given',
  ({ seeing, want }) => {
    expect(done(seeing)).toEqual(want)
  },
)

test('nothing waits for the Service: a deleted cluster whose Services nobody may read is let go', () => {
  const quiet = { startedAt: now, previousStartedAt: now - 1_000, address: undefined }
  const inventory = { ...aWorld().inventory, ...quiet } as World['inventory']
  const service = { kind: 'silent', problem: 'forbidden' } as const
  const world = { service, inventory, certificates: { kind: 'removed' } } as const
  const steps = plan(aWorld({ phase: 'deleting', world })).map(({ type }) => type)
  expect(steps).toEqual(['release'])
})
