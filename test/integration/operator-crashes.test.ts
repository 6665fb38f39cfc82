import { expect, test } from 'vitest'
import type { Mark } from '../../src/clouds/simulated/journal.ts'
import { controlPlane } from '../support/control-plane.ts'
import type { OperatorProcess } from '../support/operator.ts'
import { OperatorRoom, tookStep } from '../support/operator-room.ts'

const plane = controlPlane()
const latency = { 'simulated-latency': '300ms' }

interface Moment {
  /** What the cluster is going through when the operator is killed. */
  readonly during: 'growth' | 'scale-down' | 'deletion'
  readonly name: string
  readonly moment: string
  readonly kills: number
  /** The operator's log, and what the cloud has done since this began. */
  readonly isThere: (log: string, marks: readonly Mark[]) => boolean
}

const did =
  (kind: Mark['kind']): Moment['isThere'] =>
  (_log, marks) =>
    marks.some(mark => mark.kind === kind)
const logged =
  (type: string): Moment['isThere'] =>
  log =>
    tookStep(log, type)

/** Calls to this cloud are slow: after the step before one is logged it is under way, after its mark it is unanswered. */
const moments: readonly Moment[] = [
  {
    during: 'growth',
    name: 'enrolled',
    moment: 'the finalizer is written',
    kills: 3,
    isThere: logged('enrol'),
  },
  {
    during: 'growth',
    name: 'reserved',
    moment: 'the address is made and unanswered',
    kills: 2,
    isThere: did('reserved'),
  },
  {
    during: 'growth',
    name: 'certified',
    moment: 'the certificates are stored',
    kills: 1,
    isThere: logged('issue-certificates'),
  },
  {
    during: 'growth',
    name: 'recorded',
    moment: 'launches are recorded and being sent',
    kills: 3,
    isThere: logged('record-launches'),
  },
  {
    during: 'growth',
    name: 'launched',
    moment: 'machines are made and unanswered',
    kills: 3,
    isThere: did('launched'),
  },
  {
    during: 'growth',
    name: 'answered',
    moment: 'the answer is written down',
    kills: 2,
    isThere: logged('send-launches'),
  },
  {
    during: 'scale-down',
    name: 'closed',
    moment: 'a machine is being ended',
    kills: 2,
    isThere: logged('close-workers'),
  },
  {
    during: 'scale-down',
    name: 'ended',
    moment: 'a machine has ended, unanswered',
    kills: 1,
    isThere: did('ended'),
  },
  {
    during: 'deletion',
    name: 'ending',
    moment: 'all machines have ended, unanswered',
    kills: 3,
    isThere: did('ended'),
  },
  {
    during: 'deletion',
    name: 'released',
    moment: 'the address is released, unanswered',
    kills: 2,
    isThere: did('released'),
  },
  {
    during: 'deletion',
    name: 'forgotten',
    moment: 'the Secrets are removed',
    kills: 1,
    isThere: logged('remove-certificates'),
  },
]

test.each(moments)(
  'row 1: killed $kills times in $during when $moment: nothing is doubled, nothing leaks',
  async each => {
    await using room = await OperatorRoom.open(plane)
    const { during, name, kills } = each
    let operator = room.operator({ settings: latency })
    const begin = async <T>(phase: Moment['during'], change: () => Promise<T>): Promise<T> => {
      const isReached = await reached(each, room, operator)
      const changed = await change()
      if (phase !== during) return changed
      await room.until(each.moment, isReached)
      for (let kill = 1; kill <= kills; kill++) operator = await killed(room, operator, kill)
      return changed
    }
    const { metadata } = await begin('growth', () => room.clusters.create(name, 3))
    await room.settled(name, 3)
    expect(room.ledger.launched(metadata.uid)).toHaveLength(4)
    if (during === 'scale-down') await begin('scale-down', () => room.clusters.scale(name, 1))
    await room.settled(name, during === 'scale-down' ? 1 : 3)
    await begin('deletion', () => room.clusters.remove(name))
    await room.clusters.gone(name, metadata.uid)
    expect(room.ledger.launched(metadata.uid)).toHaveLength(4)
    expect(room.ledger.left).toEqual([])
  },
)

/** Whether the moment has come since this was called. */
async function reached(
  { isThere }: Moment,
  room: OperatorRoom,
  operator: OperatorProcess,
): Promise<() => Promise<boolean>> {
  const from = room.ledger.marks.length
  const skip = (await operator.log()).length
  return async () => isThere((await operator.log()).slice(skip), room.ledger.marks.slice(from))
}

/** SIGKILL and a new process: the first time at once, the second time when it is ready, then after its first step. */
async function killed(room: OperatorRoom, operator: OperatorProcess, kill: number): Promise<OperatorProcess> {
  if (kill === 2) await more('"ready"', room, operator)
  if (kill > 2) await more('"step taken"', room, operator)
  await operator.kill()
  return room.operator({ settings: latency })
}

async function more(text: string, room: OperatorRoom, operator: OperatorProcess): Promise<void> {
  const count = async (): Promise<number> => (await operator.log()).split(text).length
  const before = await count()
  await room.until(`another line with ${text}`, async () => (await count()) > before)
}
