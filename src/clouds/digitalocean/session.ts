import type { Call } from '../../lib/call.ts'
import { limited } from '../../lib/deadline.ts'
import { isRecord } from '../../lib/parse.ts'
import { CloudError } from '../../model/faults.ts'
import type { CallName } from './calls.ts'
import { type DigitalOceanCredentials, ownTokenVariable } from './credentials.ts'
import { endpointIn } from './endpoints.ts'
import { headersOf, translated } from './faults.ts'
import { countersIn, DigitalOceanGate } from './gate.ts'
import { type Context, client, contextFor, pageSize } from './sdk.ts'

/** A call may wait for its turn and for its answer so long, whatever its caller has. */
const patienceMs = 30_000
/** Nobody has more pages of 200 than so many. */
const mostPages = 100
/** A list that changes while it is read is read anew so often. */
const mostReadings = 4

interface Answer<T> {
  readonly data: T
  readonly headers: object
}

interface Page {
  readonly meta?: { readonly total?: number }
}

/**
 * One token's way to DigitalOcean. Every call passes `make`: it keeps to DigitalOcean's rates, is tried once (the house tries
 * again by itself, and knows what a second try may do), and fails with a CloudError and nothing else.
 */
export class DigitalOceanSession {
  readonly #where: { readonly endpoint: string; readonly token: string }
  /** Requests are counted by token. */
  readonly #gate = new DigitalOceanGate()

  /** Without credentials, with the operator's own token. Throws a CloudError where there is none. */
  constructor(credentials: DigitalOceanCredentials | undefined) {
    const token = credentials?.token ?? process.env[ownTokenVariable]?.trim()
    if (!token)
      throw new CloudError(
        'unauthorized',
        `the operator has no token of DigitalOcean: set spec.credentialsSecretRef, or ${ownTokenVariable} for the operator`,
      )
    this.#where = { endpoint: ownEndpoint(), token }
  }

  make<T>(name: CallName, call: Call, send: (context: Context) => Promise<Answer<T>>): Promise<T> {
    return limited(patienceMs, call, async limit => {
      await this.#gate.pass(name, limit)
      try {
        const { data, headers } = await send(contextFor(this.#where, limit.signal))
        this.#gate.heard(countersIn(headers, Date.now()))
        if (isRecord(data) || isNothing(data)) return data
        throw new CloudError('lost', `${name}: the answer is nothing that DigitalOcean would say`)
      } catch (error) {
        const known = translated(error, name)
        const counters = countersIn(headersOf(error), Date.now())
        if (known.fault === 'throttled') this.#gate.refused(counters)
        else this.#gate.heard(counters)
        throw known
      }
    })
  }

  /**
   * All pages. DigitalOcean counts pages anew with each request, and what goes away between two of them moves others out of
   * sight. More than one page is read until a reading shows nothing new: what has gone meanwhile may be shown once more, and
   * nothing is missing. Where that does not come about, a list is not complete and nothing of it is returned.
   */
  async all<T extends Page, One extends { readonly id?: unknown } | { readonly name?: unknown }>(
    name: CallName,
    call: Call,
    ask: (context: Context, page: number) => Promise<Answer<T>>,
    read: (data: T) => readonly One[] | undefined,
  ): Promise<readonly One[]> {
    const found = new Map<unknown, One>()
    for (let reading = 0; reading < mostReadings; reading++) {
      const known = found.size
      const { ones, pages, total } = await this.#pages(name, call, ask, read)
      for (const one of ones) found.set(keyOf(one), one)
      const isWhole = new Set(ones.map(keyOf)).size >= total
      if (isWhole && (pages === 1 || (reading > 0 && found.size === known))) return [...found.values()]
    }
    throw new CloudError('unavailable', `${name}: what DigitalOcean lists goes on changing while it is read`)
  }

  /** One reading, until a page is not full; `total` is what the last page says. */
  async #pages<T extends Page, One>(
    name: CallName,
    call: Call,
    ask: (context: Context, page: number) => Promise<Answer<T>>,
    read: (data: T) => readonly One[] | undefined,
  ): Promise<{ readonly ones: readonly One[]; readonly pages: number; readonly total: number }> {
    const ones: One[] = []
    for (let page = 1; ; page++) {
      const data = await this.make(name, call, context => ask(context, page))
      const some = read(data)
      const total = data.meta?.total
      if (!Array.isArray(some) || total === undefined)
        throw new CloudError('lost', `${name}: the answer is nothing that DigitalOcean would say`)
      ones.push(...some)
      if (some.length < pageSize || page === mostPages) return { ones, pages: page, total }
    }
  }

  /** The team, by a call that needs nearly no right: it proves the token. */
  async team(call: Call): Promise<string> {
    const { account } = await this.make('account.get', call, context => client.account(context))
    const team: unknown = isRecord(account) ? account['team'] : undefined
    const uuid = isRecord(team) ? team['uuid'] : undefined
    return typeof uuid === 'string' && uuid !== '' ? uuid : account.uuid
  }
}

/** Of what was deleted nothing is told. */
const isNothing = (data: unknown): boolean => data === undefined || data === null || data === ''

/** Throws a CloudError where the operator's own surroundings name none. */
function ownEndpoint(): string {
  try {
    return endpointIn(process.env)
  } catch (error) {
    throw new CloudError('invalid', error instanceof Error ? error.message : '', { cause: error })
  }
}

const keyOf = (one: object): unknown => ('id' in one ? one.id : 'name' in one ? one.name : one)
