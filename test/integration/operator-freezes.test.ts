import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { controlPlane } from '../support/control-plane.ts'
import { FateBook } from '../support/fate.ts'
import { OperatorRoom } from '../support/operator-room.ts'
import { tellOfRow } from '../support/rows.ts'

const plane = controlPlane()
const frozenMs = 30_000
const name = 'frozen'

interface Case {
  readonly moment: string
  /** Where the leader stands still. */
  readonly point: string
  /** What makes it come there; the cluster has three workers before, unless this creates it. */
  readonly change: (room: OperatorRoom) => Promise<unknown>
  /** What the user wants by the time that it wakes, and how many workers were ever made for that. */
  readonly meanwhile: (room: OperatorRoom) => Promise<unknown>
  readonly made: number
}

const created = (room: OperatorRoom) => room.clusters.create(name, 3)
const scaled = (replicas: number) => (room: OperatorRoom) => room.clusters.scale(name, replicas)
const nothing = async (): Promise<void> => undefined

const cases: readonly Case[] = [
  {
    moment: 'before it sends a create',
    point: 'cloud.launch before',
    change: created,
    meanwhile: nothing,
    made: 3,
  },
  {
    moment: 'in a create that it has not heard of',
    point: 'cloud.launch after',
    change: created,
    meanwhile: nothing,
    made: 3,
  },
  {
    moment: 'before it ends a machine that is wanted again when it wakes',
    point: 'cloud.terminate before',
    change: scaled(2),
    meanwhile: scaled(3),
    made: 3,
  },
  {
    moment: 'in a termination that it has not heard of',
    point: 'cloud.terminate after',
    change: scaled(2),
    meanwhile: scaled(3),
    made: 4,
  },
]

describe.concurrent('row 16: a leader that is frozen for 30 s and woken starts nothing more', () => {
  test.each(cases)('$moment', async ({ point, change, meanwhile, made }) => {
    await using room = await OperatorRoom.openApart(plane)
    const fate = {
      directory: join(room.directory, 'fate'),
      signal: 'SIGSTOP',
      times: 1,
      only: [point],
    } as const
    const book = new FateBook(fate)
    const old = room.operator({ name: 'old', flags: [], fate })
    await old.logged('"ready"')
    const next = room.operator({ name: 'next', flags: [] })
    await next.logged('waiting for the lease')
    if (change !== created) {
      await room.clusters.create(name, 3)
      await room.settled(name, 3)
    }
    await change(room)
    await room.until('the leader stands still', () => book.strokes.length === 1, 60_000)
    const frozenAt = Date.now()
    await next.logged('this process leads', 17_000)
    const handOverMs = Date.now() - frozenAt
    await meanwhile(room)
    const { metadata } = await room.settled(name, 3)
    await room.until('30 s have passed', () => Date.now() - frozenAt >= frozenMs, frozenMs)
    const wokenAt = Date.now()
    old.wake()
    await room.until('the old leader waits for the lease', async () => isWaiting(await old.log()), 15_000)
    expect(room.ledger.asked({ by: old.pid, from: wokenAt })).toEqual([])
    await room.settled(name, 3)
    expect(room.ledger.launched(metadata.uid, 'worker')).toHaveLength(made)
    expect(room.ledger.launched(metadata.uid, 'scheduler')).toHaveLength(1)
    expect(room.ledger.mostAtOnce(metadata.uid, 'worker')).toBe(3)
    await room.removed(name)
    expect(room.ledger.left).toEqual([])
    tellOfRow(
      16,
      `frozen at ${point}: another leads after ${handOverMs} ms, the old one waits for the lease ${Date.now() - wokenAt} ms after waking`,
    )
  })
})

/** It has said that it leads no more, and after that nothing but that it waits. */
const isWaiting = (log: string): boolean =>
  log.split('this process leads no more').at(1)?.includes('waiting for the lease') ?? false
