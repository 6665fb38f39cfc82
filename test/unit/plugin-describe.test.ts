import { expect, test } from 'vitest'
import { describeCluster, type Sight } from '../../src/cli/description.ts'
import { describeTree } from '../../src/cli/description-tree.ts'
import { readEvents } from '../../src/cli/events.ts'
import { coloured, plain } from '../../src/cli/screen.ts'
import { aCondition, aCrew, ago, aLaunch, aSeenCluster, aWorker, now } from '../support/plugin-sight.ts'

const events = readEvents([
  { eventTime: ago(30), type: 'Normal', reason: 'Joined', note: '3 machines, the slowest in each stage.' },
  {
    eventTime: ago(800),
    type: 'Warning',
    reason: 'StepFailed',
    note: 'The cloud said no.',
    series: { count: 3, lastObservedTime: ago(200) },
  },
])

const ready: Sight = {
  cluster: aSeenCluster(),
  crew: { kind: 'seen', seen: aCrew(aWorker('w-i-10'), aWorker('w-i-9', { status: 'closing_gracefully' })) },
  events: { kind: 'seen', seen: events },
}

const starting: Sight = {
  cluster: aSeenCluster({
    spec: { workers: { replicas: 5 }, workerGroups: [{ name: 'gpu', replicas: 1 }] },
    status: {
      observedGeneration: 2,
      workers: { replicas: 3, ready: 1, selector: 'x=y' },
      conditions: [
        aCondition('Ready', 'False', ['WorkersWaiting', '1 of 5, 0 of 1 in gpu serve.']),
        aCondition('WorkersReady', 'False', ['Waiting', '1 of 5, 0 of 1 in gpu serve.']),
        aCondition('SchedulerReady', 'True', ['Answering', 'The scheduler answers.']),
        aCondition('Expiring', 'True', ['TtlEnds', 'It is deleted in an hour.']),
        aCondition('Stalled', 'True', ['Unauthorized', 'The cloud refuses the credentials.\nRenew them.']),
      ],
      launches: [
        aLaunch({}),
        aLaunch({ id: 'a'.repeat(16), seq: 5, state: 'Accepted', stateSince: ago(5), machines: ['i-1'] }),
        aLaunch({
          id: 'b'.repeat(16),
          seq: 6,
          group: 'gpu',
          count: 1,
          state: 'Unknown',
          stateSince: ago(90),
        }),
      ],
    },
  }),
  crew: { kind: 'unseen', problem: 'the scheduler refuses connections' },
  events: { kind: 'unseen', problem: 'you may not list events' },
}

const views = { plain: { paint: plain, isLive: false }, terminal: { paint: coloured, isLive: true } }
const sights = { ready, starting }

test.each(['ready', 'starting'] as const)(
  'a cluster that is %s, for a pipe and for a terminal',
  async name => {
    for (const [view, screen] of Object.entries(views)) {
      const shown = describeTree(describeCluster(sights[name]), now, screen)
      await expect(`${shown}\n`).toMatchFileSnapshot(`golden/plugin-${name}-${view}.txt`)
    }
  },
)

test('what a cluster waits for is not told a second time as news', () => {
  const [reason, message] = ['CertificateExpired', 'Nobody can connect to the scheduler any more.']
  const conditions = [
    aCondition('Ready', 'Unknown', ['SchedulerUnreachable', 'It does not answer.']),
    aCondition('Stalled', 'True', [reason, message]),
    aCondition('UpdatePending', 'True', [reason, message]),
    aCondition('Idle', 'True', ['NobodyUsesIt', 'It goes to sleep.']),
  ]
  const { waitsFor, news } = describeCluster({ ...ready, cluster: aSeenCluster({ status: { conditions } }) })
  expect(waitsFor.map(({ about }) => about)).toContain('Stalled')
  expect(news.map(({ about }) => about)).toEqual(['Idle'])
})

test('what others wrote cannot move the cursor', () => {
  const message =
    'red \u001B[31malert\u001B[0m, bell \u0007, back \r\b, title \u001B]0;x\u0007 and C1 \u009B2J'
  const cluster = aSeenCluster({
    status: { conditions: [aCondition('Ready', 'True', ['Serving', message])] },
  })
  for (const screen of [views.plain, { paint: plain, isLive: true }]) {
    const shown = describeTree(describeCluster({ ...ready, cluster }), now, screen)
    expect(shown).not.toMatch(/[^\P{Cc}\n\t]/u)
    expect(shown).toContain('red alert')
  }
})

test('a newer custom resource is read as far as it is known', () => {
  const cluster = aSeenCluster({
    spec: { workers: { replicas: 2, color: 'blue' }, security: { tls: { mode: 'Quantum' } }, moon: {} },
    status: { launches: [{ id: 'later' }], phase: { new: true } },
  })
  expect(describeCluster({ ...ready, cluster })).toMatchObject({
    certificates: { mode: 'Quantum' },
    unseen: [{ what: 'launches', problem: 'status.launches cannot be read' }],
  })
})

test('a cluster that sleeps waits for nothing', () => {
  const conditions = [
    aCondition('Ready', 'False', ['Suspended', 'Suspended: its machines are gone.']),
    aCondition('SchedulerReady', 'False', ['NotWanted', 'No scheduler is wanted.']),
    aCondition('WorkersReady', 'False', ['NotWanted', 'No workers are wanted.']),
    aCondition('Suspended', 'True', ['Idle', 'Nobody used it.']),
  ]
  const told = describeCluster({ ...ready, cluster: aSeenCluster({ status: { conditions } }) })
  expect(told).toMatchObject({
    phase: 'asleep',
    waitsFor: [],
    news: [{ about: 'Suspended', reason: 'Idle' }],
  })
})
