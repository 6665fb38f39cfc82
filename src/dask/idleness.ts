import type { Call } from '../lib/call.ts'
import type { Idleness, Use } from '../model/world.ts'
import type { SchedulerConnection } from './connection.ts'
import { checkIdle, connectedClients } from './scheduler.ts'

/**
 * Clients of Dask's that nobody is connected as. Whatever outlives its client is kept by one of them: tasks that nobody
 * waits for, published data sets, what is in queues and variables.
 */
const keeper = /^(fire-and-forget$|published-|queue-|variable-)/
/** A client that a task has opened from its worker. It stays for as long as the worker does; the task is counted as a task. */
const workersOwn = /^Client-worker-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

const unknown = { kind: 'unknown' } as const

/** Asks whether anybody uses a scheduler. Tasks first: who comes between the two questions is seen as a client. */
export async function askUse(connection: SchedulerConnection, call: Call): Promise<Use> {
  const since = await checkIdle(connection, call)
  if (since === undefined) return { kind: 'busy' }
  const clients = await connectedClients(connection, call)
  const isUsed = clients.some(client => !keeper.test(client) && !workersOwn.test(client))
  return isUsed ? { kind: 'busy' } : { kind: 'idle', since }
}

/** The last answer of one scheduler process, asked for no more often than every `pollMs`; never where that is undefined. */
export class IdleWatch {
  readonly #pollMs: number
  readonly #now: () => number
  #scheduler = ''
  #askedAt = -Infinity
  #last: Idleness = unknown

  constructor(pollMs: number | undefined, now: () => number) {
    this.#pollMs = pollMs ?? Infinity
    this.#now = now
  }

  /** Never rejects: who cannot tell is not idle. */
  async examine(scheduler: string, connection: SchedulerConnection, call: Call): Promise<Idleness> {
    if (this.#pollMs === Infinity) return unknown
    if (scheduler !== this.#scheduler) this.interrupt()
    if (this.#now() - this.#askedAt < this.#pollMs) return this.#last
    this.#scheduler = scheduler
    this.#askedAt = this.#now()
    return this.meet(await askUse(connection, call).catch(() => unknown))
  }

  /** What was seen now, and since when it has been seen so. */
  meet(use: Use): Idleness {
    if (use.kind !== 'idle') this.#last = use
    else if (this.#last.kind !== 'idle' || this.#last.since !== use.since)
      this.#last = { ...use, seenSince: this.#now() }
    return this.#last
  }

  /** Nobody looked, or somebody was there: it is asked again at once, and what is idle then is so since then. */
  interrupt(): void {
    this.#askedAt = -Infinity
    this.#last = unknown
  }
}
