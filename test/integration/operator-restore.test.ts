import { expect, test } from 'vitest'
import { list, record } from '../../src/lib/parse.ts'
import { controlPlane } from '../support/control-plane.ts'
import { type Era, furnish, RestorableGround } from '../support/restorable-ground.ts'

controlPlane()

const graceMs = 40_000
/** The operator counts the grace by a clock that no correction of the time moves. */
const clocksApartMs = 1_000

test('row 7: etcd is restored from an old snapshot: what it has forgotten is told, watched for the grace and ended, and the rest lives on', async () => {
  await using ground = await RestorableGround.open()
  const before = await ground.during(async era => {
    await furnish(era)
    const uid = await readyCluster(era, 'known')
    return { uid, machines: idsOf(era, uid) }
  })
  await ground.keepStore()
  const [lost, secrets] = await ground.during(async era => {
    const uid = await readyCluster(era, 'forgotten')
    await era.room.settled('known', 2, 120_000)
    return [uid, await secretsOf(era, before.uid)]
  })
  await ground.restoreStore()
  await ground.during(async era => {
    const { room } = era
    expect(await room.clusters.get('forgotten')).toBeUndefined()
    expect(await secretsOf(era, lost)).toEqual([])
    const operator = room.operator({ settings: { 'sweep-after': `${graceMs / 1_000}s` }, name: 'restored' })
    await room.until('it to be told', async () => (await orphansTold(era)).some(isOf(lost)), 120_000)
    const foundAt = timeOfFinding(await operator.log(), lost)
    await room.until('the machines to end', () => room.ledger.alive(lost).length === 0, 180_000)
    const [ended] = room.ledger.marks.filter(({ kind }) => kind === 'ended')
    expect(ended?.at).toBeGreaterThan(foundAt + graceMs - clocksApartMs)
    await room.until('the address to be released', () => !room.ledger.left.includes(lost), 120_000)

    await room.settled('known', 2, 120_000)
    expect(idsOf(era, before.uid)).toEqual(before.machines)
    expect(room.ledger.launched(before.uid)).toHaveLength(before.machines.length)
    expect(await secretsOf(era, before.uid)).toEqual(secrets)
    expect((await orphansTold(era)).filter(isOf(before.uid))).toEqual([])
    await room.removed('known')
    expect(room.ledger.left).toEqual([])
  })
})

async function readyCluster({ room }: Era, name: string): Promise<string> {
  room.operator()
  const { uid } = (await room.clusters.create(name, 2)).metadata
  await room.settled(name, 2, 180_000)
  return uid
}

const idsOf = ({ room }: Era, uid: string): readonly string[] => room.ledger.alive(uid).map(({ id }) => id)

/** All that the store says of a cluster's Secrets, their versions among it. */
async function secretsOf({ plane }: Era, uid: string): Promise<readonly unknown[]> {
  const label = `cloud.dask.org/cluster-uid=${uid}`
  const { items } = record(
    JSON.parse(await plane.kubectl(['get', 'secrets', '-A', '-l', label, '-o', 'json'])),
    'secrets',
  )
  return list(items, 'items')
}

/** What events say of things that no cluster claims. */
async function orphansTold({ plane }: Era): Promise<readonly string[]> {
  const { items } = record(
    JSON.parse(await plane.kubectl(['get', 'events.events.k8s.io', '-A', '-o', 'json'])),
    'events',
  )
  return list(items, 'items')
    .map(each => record(each, 'event'))
    .filter(({ reason }) => reason === 'OrphansFound')
    .map(({ note }) => String(note))
}

const isOf =
  (uid: string) =>
  (text: string): boolean =>
    text.includes(uid)

/** When the operator first said that no cluster claims what was this one's, in milliseconds since the epoch. */
function timeOfFinding(log: string, uid: string): number {
  const lines = log.split('\n').filter(line => line.startsWith('{'))
  const found = lines
    .map(line => record(JSON.parse(line), 'line'))
    .find(({ outcome, uid: owner }) => outcome === 'found' && owner === uid)
  return Date.parse(String(found?.['time']))
}
