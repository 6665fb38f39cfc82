import { expect, test } from 'vitest'
import { controlPlane } from '../support/control-plane.ts'
import type { OperatorProcess } from '../support/operator.ts'
import { OperatorRoom } from '../support/operator-room.ts'
import { tellOfRow } from '../support/rows.ts'

const plane = controlPlane()
const names = Array.from({ length: 20 }, (_, index) => `load-${index}`)
const slow = { 'simulated-latency': '600ms' }

test('row 17: replicas are replaced one by one under load, each in the middle of its calls: nothing is lost', async () => {
  await using room = await OperatorRoom.openApart(plane)
  let leader = room.operator({ name: 'replica-0', flags: [], settings: slow })
  await leader.logged('"ready"')
  const facts: string[] = []
  const made = new Map<string, number>()
  for (const [step, { replicas, call }] of changes.entries()) {
    const standby = room.operator({ name: `replica-${step + 1}`, flags: [], settings: slow })
    await standby.logged('waiting for the lease')
    const from = Date.now()
    await Promise.all(names.map(async name => wish(room, name, replicas)))
    const underWay = () => unanswered(room, leader, { call, from })
    await room.until(`${call}s are under way`, () => underWay().length > 0)
    facts.push(await handedOver(room, { leader, standby, underWay }))
    leader = standby
    for (const name of names) {
      const { metadata } = await room.settled(name, replicas, 120_000)
      made.set(name, (made.get(name) ?? 0) + Math.max(0, replicas - (changes[step - 1]?.replicas ?? 0)))
      expect(room.ledger.launched(metadata.uid, 'worker')).toHaveLength(made.get(name) ?? 0)
      expect(room.ledger.launched(metadata.uid, 'scheduler')).toHaveLength(1)
    }
  }
  await Promise.all(names.map(name => room.removed(name)))
  expect(room.ledger.left).toEqual([])
  for (const fact of facts) tellOfRow(17, fact)
}, 900_000)

/** What the user wants of every cluster, and the call that the leader is stopped in. */
const changes = [
  { replicas: 1, call: 'launch' },
  { replicas: 3, call: 'launch' },
  { replicas: 1, call: 'terminate' },
  { replicas: 2, call: 'launch' },
] as const

async function wish(room: OperatorRoom, name: string, replicas: number): Promise<void> {
  if ((await room.clusters.get(name)) === undefined) await room.clusters.create(name, replicas)
  else await room.clusters.scale(name, replicas)
}

/** What a leader has asked of the cloud since a moment, and the cloud has not carried out. */
function unanswered(
  { ledger }: OperatorRoom,
  leader: OperatorProcess,
  { call, from }: { readonly call: string; readonly from: number },
): readonly string[] {
  const done = new Set<string>()
  for (const mark of ledger.marks) {
    if (mark.kind === 'launched') done.add(mark.token)
    if (mark.kind === 'ended') for (const id of mark.machines) done.add(id)
  }
  return ledger
    .asked({ by: leader.pid, from })
    .filter(each => each.call === call)
    .flatMap(({ token, machines = [] }): readonly string[] => (token === undefined ? machines : [token]))
    .filter(each => !done.has(each))
}

interface Handover {
  readonly leader: OperatorProcess
  readonly standby: OperatorProcess
  /** Calls of the leader that have begun and are not carried out. */
  readonly underWay: () => readonly string[]
}

/** SIGTERM to the leader in the middle of a call, with the deadlines of the row. */
async function handedOver(room: OperatorRoom, { leader, standby, underWay }: Handover): Promise<string> {
  expect(await room.leaseHolder()).toContain(`_${leader.pid}_`)
  await room.until('it is in the middle of a call', () => underWay().length > 0)
  expect(underWay()).not.toEqual([])
  const began = performance.now()
  const since = (): number => Math.round(performance.now() - began)
  const stopped = leader.stop()
  const released = room.until(
    'the lease is released',
    async () => !(await room.leaseHolder()).includes(`_${leader.pid}_`),
  )
  const [releasedMs, activeMs, code] = await Promise.all([
    released.then(since),
    standby.logged('this process leads', 10_000).then(since),
    stopped,
  ])
  const fact = `lease released after ${releasedMs} ms, standby active after ${activeMs} ms, exit code ${code}`
  expect({ code, isReleased: releasedMs <= 1_000, isActive: activeMs <= 2_000, fact }).toEqual({
    code: 0,
    isReleased: true,
    isActive: true,
    fact,
  })
  return fact
}
