import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fileJournal, type Mark } from '../../src/clouds/simulated/journal.ts'
import type { SimulatedMachine } from '../../src/clouds/simulated/world.ts'
import { list, record } from '../../src/lib/parse.ts'
import {
  type ClusterUid,
  clusterKey,
  clusterUid,
  fingerprint,
  launchId,
  machineId,
} from '../../src/model/names.ts'
import { isSettled } from '../support/cluster-desk.ts'
import { controlPlane } from '../support/control-plane.ts'
import { ownRoom } from '../support/own-room.ts'
import { keyParts } from '../support/traces.ts'

const plane = controlPlane()
const nobody = clusterUid('00000000-0000-4000-8000-00000000dead')

/** Machines of another installation's that carry whatever ours carry. */
const strangers = (uid: ClusterUid, namespace: string, first: number): Mark => ({
  kind: 'launched',
  at: Date.now(),
  token: `strange-${first}`,
  machines: Array.from({ length: 25 }, (_, index): SimulatedMachine => {
    const at = Date.now()
    const key = clusterKey(namespace, 'watched')
    return {
      id: machineId(`stranger-${first + index}`),
      token: `strange-${first}`,
      installation: 'theirs',
      tags: {
        role: index % 5 === 0 ? 'scheduler' : 'worker',
        group: index % 5 === 0 ? 'scheduler' : 'default',
        seq: 1_000,
        fingerprint: fingerprint('v1:a'),
        uid,
        key,
        launch: launchId('00000000000000aa'),
      },
      createdAt: at,
      visibleAt: at,
      runningAt: at,
      joinedAt: at,
      endedAt: undefined,
    }
  }),
})

test('I4 and I7: fifty strangers with look-alike tags outlive a whole life of ours, and no key or token is told to anybody', async () => {
  await using own = await ownRoom(plane)
  const { room } = own
  const { tenant } = room.namespaces
  const journal = fileJournal(join(room.directory, 'simulated.jsonl'))
  journal.write(strangers(nobody, tenant, 0))
  journal.write({
    kind: 'reserved',
    at: Date.now(),
    uid: nobody,
    key: clusterKey(tenant, 'watched'),
    installation: 'theirs',
  })
  const operator = room.operator({ settings: { 'log-level': 'trace', 'sweep-after': '30s' } })
  await using history = await room.clusters.history()
  const { uid } = (await room.clusters.create('watched', 2)).metadata
  journal.write(strangers(clusterUid(uid), tenant, 25))
  const ours = (): readonly string[] => {
    const ended = new Set(room.ledger.marks.flatMap(mark => (mark.kind === 'ended' ? mark.machines : [])))
    return room.ledger
      .launched(uid)
      .filter(({ id, installation }) => installation !== 'theirs' && !ended.has(id))
      .map(({ id }) => id)
  }
  const isReadyWith = (machines: number) =>
    room.clusters.until('watched', each => isSettled(each) && ours().length === machines)
  await isReadyWith(3)
  const secrets = await Promise.all(
    Object.values(room.namespaces).map(each => plane.kubectl(['get', 'secrets', '-n', each, '-o', 'json'])),
  )
  const keys = keyParts(
    secrets.flatMap(told => list(record(JSON.parse(told), 'list')['items'], 'items') as never[]),
  )
  expect(keys.length).toBeGreaterThan(11)
  await room.clusters.scale('watched', 4)
  await isReadyWith(5)
  await room.clusters.scale('watched', 1)
  await isReadyWith(2)
  await room.clusters.remove('watched')
  await room.clusters.patch('watched', { metadata: { finalizers: [] } })
  await room.until('ours to end', () => ours().length === 0, 90_000)
  // Another sweep or two: whoever would take them for ours has seen them long enough.
  await room.until('our Secrets to go', async () => (await own.secretsOf(uid)).length === 0, 90_000)
  const touched = room.ledger.marks.flatMap(mark => {
    if (mark.kind === 'ended') return mark.machines.filter(id => id.startsWith('stranger-'))
    return mark.kind === 'released' && mark.uid === nobody ? ['their address'] : []
  })
  expect(touched).toEqual([])
  const told = {
    log: await operator.log(),
    events: await own.events(),
    status: JSON.stringify(history.sights),
  }
  for (const [where, text] of Object.entries(told)) {
    expect([where, text.length > 1_000]).toEqual([where, true])
    const found = ['PRIVATE KEY', plane.token, ...keys].filter(part => text.includes(part))
    expect([where, found.length]).toEqual([where, 0])
  }
})
