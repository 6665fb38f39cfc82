import { expect, test } from 'vitest'
import { documented } from '../../scripts/metrics/page.ts'
import { fleeting } from '../../scripts/metrics/process.ts'
import { metricOf, uses } from '../../scripts/metrics/uses.ts'
import { controlPlane } from '../support/control-plane.ts'
import { histogramsOf, strangeIn } from '../support/documented-metrics.ts'
import { type Exposition, parseExposition } from '../support/exposition.ts'
import type { Fault, FaultProxy } from '../support/fault-proxy.ts'
import type { OperatorProcess } from '../support/operator.ts'
import { ProxiedRoom } from '../support/proxied-room.ts'
import { type KnownLabels, problemsOf } from '../support/query-check.ts'
import { healthPort, scraped } from '../support/scrape.ts'

const plane = controlPlane()
const page = documented()
const histograms = histogramsOf(page)
let served: Exposition

/** A leader that has met whatever it counts: clusters, watches that end and say nonsense, refused writes, orphans. */
plane.prepare(async () => {
  await using opened = await ProxiedRoom.open(plane)
  const { room, proxy } = opened
  const first = room.operator()
  await room.clusters.create('unseen', 1)
  await room.settled('unseen', 1)
  await first.kill()
  await room.clusters.letGo('unseen')
  const leader = await opened.operator({
    flags: [],
    name: 'leader',
    settings: { 'allow-clouds': 'simulated' },
  })
  await leader.logged('"ready"')
  const watch = await opened.watch()
  proxy.watchFault = inTurn({ kind: 'say', text: '<html>Bad gateway</html>\n' })
  proxy.fault = isRefused
  watch.end()
  await room.clusters.create('served', 1)
  await room.clusters.create('refused', 1, { cloud: { local: {} } })
  const areCounted = async (): Promise<boolean> => {
    served = await exposed(leader)
    return unsampled().length === 0
  }
  // Whatever has no sample by then is named by a test.
  await room.until('everything is counted', areCounted, 45_000).catch(() => undefined)
  proxy.fault = () => none
  await room.settled('served', 1)
  await Promise.all(['served', 'refused'].map(name => room.removed(name)))
})

const none: Fault = { kind: 'none' }

const inTurn = (...troubles: Fault[]): (() => Fault) => {
  return () => troubles.shift() ?? none
}

/** No event is taken, and no status of one cluster. */
const isRefused: FaultProxy['fault'] = ({ method, path }) => {
  if (method === 'POST' && path.includes('/events')) return { kind: 'refuse', status: 403 }
  return path.endsWith('/refused/status') ? { kind: 'refuse', status: 500 } : none
}

const exposed = async (operator: OperatorProcess): Promise<Exposition> =>
  parseExposition((await scraped(healthPort(await operator.log()))).body)

function unsampled(): readonly string[] {
  const sampled = new Set(served.samples.map(({ name }) => metricOf(name, histograms)))
  return page.map(({ name }) => name).filter(name => !sampled.has(name) && !fleeting.includes(name))
}

test('the page has each metric that a running operator serves, of the same type and help, and no other', () => {
  const types = page.map(({ name, type }): [string, string] => [name, type])
  const helps = page.map(({ name, help }): [string, string] => [name, help])
  expect(served.types).toEqual(new Map(types))
  expect(served.helps).toEqual(new Map(helps))
})

test('each metric of the page has a sample', () => {
  expect(unsampled()).toEqual([])
})

test('samples have the labels of the page, and values that it names', () => {
  expect(strangeIn(served.samples)).toEqual([])
})

test('each query of an alert and of a panel finds the metrics and labels that are served', () => {
  const metrics = new Map<string, KnownLabels>()
  for (const { name, labels } of served.samples) {
    const own = Object.keys(labels).filter(label => label !== 'le')
    metrics.set(metricOf(name, histograms), new Map(own.map(label => [label, undefined])))
  }
  const asked = uses()
  expect(asked.length).toBeGreaterThan(50)
  expect(
    asked.flatMap(({ name, expr }) =>
      problemsOf(expr, { metrics, histograms }).map(problem => `${name}: ${problem}`),
    ),
  ).toEqual([])
})
