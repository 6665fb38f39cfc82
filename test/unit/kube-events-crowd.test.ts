import { expect, onTestFinished, test } from 'vitest'
import { Events } from '../../src/kube/events.ts'
import type { KubeRequest } from '../../src/kube/transport.ts'
import type { Call } from '../../src/lib/call.ts'
import { record } from '../../src/lib/parse.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

const answerMs = 5

/** Events as an API server takes them that needs five milliseconds for each, in the order in which it has them. */
class Crowd {
  readonly clock = new VirtualClock()
  readonly notes: string[] = []
  readonly events = new Events({
    kube: { request: (request, call) => this.#take(request, call) },
    controller: 'cloud.dask.org/operator',
    instance: 'one',
    metrics: createMetrics(),
    clock: this.clock,
  })
  #wanted: { readonly count: number; readonly met: () => void } | undefined
  #underWay = 0
  mostAtOnce = 0

  tell(object: string, reason: string): void {
    const regarding = { apiVersion: 'v1', kind: 'Demo', namespace: 'team-a', name: object, uid: object }
    this.events.report(regarding, { kind: 'Normal', reason, message: `${object} ${reason}` })
  }

  /** Returns how long it takes until so many are written, in milliseconds. */
  async written(count: number): Promise<number> {
    const began = this.clock.now()
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wanted = { count, met: resolve }
    await this.clock.finish(promise)
    return this.clock.now() - began
  }

  async #take({ body }: KubeRequest, call: Call): Promise<unknown> {
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#underWay)
    await this.clock.wait(answerMs, call)
    this.#underWay -= 1
    this.notes.push(String(record(body, 'body')['note']))
    if (this.notes.length === this.#wanted?.count) this.#wanted.met()
    return body
  }
}

function aCrowd(): Crowd {
  const crowd = new Crowd()
  onTestFinished(() => crowd.clock.finish(crowd.events[Symbol.asyncDispose]()))
  return crowd
}

test('300 objects that begin at once have all their events within five seconds', async () => {
  const crowd = aCrowd()
  for (const reason of ['CertificatesIssued', 'Launching', 'Ready'])
    for (let at = 0; at < 300; at++) crowd.tell(`demo-${at}`, reason)
  expect(await crowd.written(900)).toBeLessThanOrEqual(5_000)
  expect(crowd.mostAtOnce).toBeLessThanOrEqual(4)
})

test('an object with much to tell does not hold up the others, and its own events stay in order', async () => {
  const crowd = aCrowd()
  for (let at = 0; at < 20; at++) crowd.tell('loud', `Reason${at}`)
  crowd.tell('quiet', 'Ready')
  await crowd.written(21)
  expect(crowd.notes.indexOf('quiet Ready')).toBeLessThan(4)
  const loud = crowd.notes.filter(note => note.startsWith('loud'))
  expect(loud).toEqual(Array.from({ length: 20 }, (_, at) => `loud Reason${at}`))
})
