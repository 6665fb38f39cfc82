import type { Call } from '../lib/call.ts'
import type { Idleness } from '../model/world.ts'
import type { SchedulerConnection } from './connection.ts'
import { checkIdle, connectedClients } from './scheduler.ts'

/**
 * Clients of Dask's that nobody is connected as. Whatever outlives its client is kept by one of them: tasks that nobody
 * waits for, published data sets, what is in queues and variables.
 */
const keeper = /^(fire-and-forget$|published-|queue-|variable-)/
/** A client that a task has opened from its worker. It stays for as long as the worker does; the task is counted as a task. */
const workersOwn = /^Client-worker-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

const unknown: Idleness = { kind: 'unknown' }

/** Asks whether anybody uses a scheduler. Tasks first: who comes between the two questions is seen as a client. */
export async function idleness(connection: SchedulerConnection, call: Call): Promise<Idleness> {
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
  #last = unknown

  constructor(pollMs: number | undefined, now: () => number) {
    this.#pollMs = pollMs ?? Infinity
    this.#now = now
  }

  /** Never rejects: who cannot tell is not idle. */
  async examine(scheduler: string, connection: SchedulerConnection, call: Call): Promise<Idleness> {
    if (this.#pollMs === Infinity) return unknown
    const isAnother = scheduler !== this.#scheduler
    if (!isAnother && this.#now() - this.#askedAt < this.#pollMs) return this.#last
    this.#scheduler = scheduler
    this.#askedAt = this.#now()
    this.#last = await idleness(connection, call).catch(() => unknown)
    return this.#last
  }
}
