import { afterAll, beforeAll, expect, test } from 'vitest'

import { percentile } from '../../scripts/percentile.ts'
import { DaskError } from '../../src/dask/fault.ts'
import type { Renewal } from '../../src/model/renewal.ts'
import type { Authority } from '../../src/pki/authority.ts'
import { tell } from '../support/python.ts'
import { anotherAuthority, countingAnew, RenewedDask, type Shown } from '../support/renewed-dask.ts'

/** Every machine of the cluster gets a new certificate so often. `RENEWALS=1000` makes a soak of it. */
const renewals = Number(process.env['RENEWALS'] ?? 10)
/** After so many, the authority is rolled. */
const rollEvery = 10

let dask: RenewedDask
beforeAll(async () => {
  dask = await RenewedDask.start()
})
afterAll(async () => dask?.[Symbol.asyncDispose]())

/** Connects to everybody again and again, as a client that begins each time, until the signal ends it. */
async function knock(shown: () => Shown, { signal }: { readonly signal: AbortSignal }) {
  const found = { handshakes: 0, failures: [] as string[] }
  const { workers } = await dask.look(shown())
  while (!signal.aborted)
    for (const worker of [undefined, ...workers.map(({ address }) => address)])
      try {
        using connection = await dask.connect(shown(), worker)
        found.handshakes += 1
        expect(connection.isOpen).toBe(true)
      } catch (error) {
        if (!(error instanceof DaskError)) throw error
        found.failures.push(error.message)
      }
  return found
}

interface State {
  shown: Shown
  taken: number
  rolls: number
  readonly tookMs: number[]
}

async function renewed(state: State, ca: string, issuer: Authority | undefined): Promise<void> {
  const began = performance.now()
  const outcomes: readonly Renewal[] = await dask.renew(ca, issuer, state.shown)
  expect(outcomes).toEqual(outcomes.map(() => ({ kind: 'done' })))
  expect(outcomes).toHaveLength(3)
  state.tookMs.push(performance.now() - began)
  if (issuer !== undefined) state.taken += outcomes.length
}

/** As the operator does it; a client that begins meanwhile has what the client's Secret says. */
async function roll(state: State): Promise<void> {
  const next = anotherAuthority()
  const { ca, issuer } = state.shown
  await renewed(state, `${ca}${next.certificate}`, undefined)
  state.shown = { ca: `${ca}${next.certificate}`, issuer }
  await renewed(state, state.shown.ca, next)
  state.shown = { ca: state.shown.ca, issuer: next }
  await renewed(state, next.certificate, undefined)
  state.shown = { ca: next.certificate, issuer: next }
  state.rolls += 1
}

test(`after ${renewals} renewals no handshake has failed and every task was run once`, async () => {
  const state: State = { shown: dask.first, taken: 0, rolls: 0, tookMs: [] }
  const before = await dask.look(state.shown)
  const began = performance.now()
  const over = new AbortController()
  const knocking = knock(() => state.shown, over)
  let tasks = 0
  let runs = 0
  for (let round = 0; round < renewals; round += rollEvery) {
    // Clients read their files when they begin: one for each authority.
    const client = await dask.client(`round-${round}`, state.shown, countingAnew)
    for (let each = round; each < Math.min(round + rollEvery, renewals); each += 1)
      await renewed(state, state.shown.ca, state.shown.issuer)
    const counted = await dask.counted(`round-${round}`, client)
    tasks += counted.tasks
    runs += counted.runs
    await roll(state)
  }
  over.abort()
  const { handshakes, failures } = await knocking
  const seconds = Math.round((performance.now() - began) / 1000)
  const took = [0.5, 0.99].map(each => `${Math.round(percentile(state.tookMs, each))} ms`).join(' and ')
  tell(
    `${renewals} renewals of 3 machines and ${state.rolls} authorities in ${seconds} s: ${state.taken} certificates`,
  )
  tell(`each in ${took} (median and 99th percentile)`)
  tell(`${handshakes} handshakes from outside, ${failures.length} failed; ${tasks} tasks, ${runs} runs`)
  expect(failures).toEqual([])
  expect(runs).toBe(tasks)
  for (const { output } of dask.running) expect(output).not.toMatch(/handshake failed|Traceback|SSL/)
  const after = await dask.look(state.shown)
  expect([after.id, ...after.workers.map(({ address }) => address)]).toEqual([
    before.id,
    ...before.workers.map(({ address }) => address),
  ])
}, 3_600_000)
