import { createPrivateKey, X509Certificate } from 'node:crypto'
import process from 'node:process'
import { afterAll, describe, expect, test } from 'vitest'

import { poll } from '../../src/lib/wait.ts'
import {
  type ClusterResource,
  ClusterStage,
  conditionOf,
  type SecretResource,
} from '../support/cluster-e2e.ts'
import { controlPlane } from '../support/control-plane.ts'
import { inTime } from '../support/dask-processes.ts'
import { DaskUser } from '../support/dask-user.ts'
import { ids } from '../support/local-fleet.ts'
import { tell } from '../support/python.ts'
import { leaks, leftovers, markOf, marksOf, nothing } from '../support/traces.ts'

const plane = controlPlane()
let stage: ClusterStage
let user: DaskUser

plane.prepare(async () => {
  stage = await ClusterStage.open(plane)
  await stage.apply('demo', {
    cloud: { local: {} },
    workers: { replicas: 2, threads: 1, memory: '1GiB' },
  })
  const { status } = await stage.settled('demo', 90_000)
  user = await DaskUser.create(stage.python, await stage.subfolder('user'), {
    secret: await stage.clientSecret('demo'),
    scheduler: status.schedulerAddress,
  })
})
afterAll(async () => stage?.[Symbol.asyncDispose]())

const secondsSince = (began: number): number => (performance.now() - began) / 1000
const workerIds = async (): Promise<readonly string[]> => ids(await stage.fleet.workers())

/** Every process of the machine at once, as when its power fails. */
const killMachine = ({ supervisor }: { readonly supervisor: number }): boolean =>
  process.kill(-supervisor, 'SIGKILL')

describe('a cluster with two workers', () => {
  test('gets a worker back on the same machine after its process was killed', async () => {
    const before = await workerIds()
    const [victim] = await stage.fleet.workers()
    const seen = await user.see(before)
    const name = `w-${victim?.id}`
    expect(seen.workers[name]).toBe(victim?.program)
    const began = performance.now()
    process.kill(victim?.program ?? 0, 'SIGKILL')
    const after = await user.see(before)
    tell(`a killed worker process was back after ${secondsSince(began).toFixed(1)} s`)
    expect(after.workers[name]).not.toBe(seen.workers[name])
    expect({ ...after.workers, [name]: 0 }).toEqual({ ...seen.workers, [name]: 0 })
    expect(await workerIds()).toEqual(before)
  })

  test('gets another machine within 30 s for a worker’s that was killed', async () => {
    const [victim, other] = await stage.fleet.workers()
    if (victim === undefined || other === undefined) throw new Error('two workers are wanted')
    const began = performance.now()
    killMachine(victim)
    await stage.until('demo', async () => {
      const found = await workerIds()
      return found.length === 2 && !found.includes(victim.id)
    })
    const seen = await user.see(await workerIds())
    const seconds = secondsSince(began)
    tell(`a killed machine’s replacement served after ${seconds.toFixed(1)} s`)
    expect(seconds).toBeLessThan(30)
    expect(await workerIds()).toContain(other.id)
    expect(Object.keys(seen.workers)).toHaveLength(2)
    await stage.settled('demo')
  })

  test('gets another scheduler at the same address and of the same authority, which its workers join', async () => {
    const before = await stage.cluster('demo')
    const [secrets, workers] = [marksOf(await stage.secretsOf(before)), await workerIds()]
    const [seen, victim] = [await user.see(workers), await stage.fleet.scheduler()]
    const began = performance.now()
    killMachine(victim)
    await stage.until('demo', async () => (await stage.fleet.machines()).every(({ id }) => id !== victim.id))
    const after = await stage.settled('demo')
    tell(`a killed scheduler’s cluster was Ready again after ${secondsSince(began).toFixed(1)} s`)
    expect(after.status.schedulerAddress).toBe(before.status.schedulerAddress)
    expect(marksOf(await stage.secretsOf(before))).toEqual(secrets)
    expect(await workerIds()).toEqual(workers)
    const joined = await user.see(workers)
    expect(joined.scheduler).not.toBe(seen.scheduler)
    expect(await user.ask(six)).toBe(6)
  })
})

describe('an operator that is restarted', () => {
  test('touches nothing of a cluster at rest', async () => {
    const before = await atRest()
    expect(await stage.operator.stop()).toBe(0)
    stage.startOperator()
    // Once the new process has brought up another cluster, it has long looked at this one.
    await stage.apply('other', simulated)
    await stage.until('other', each => conditionOf(each, 'Ready')?.status === 'True')
    expect(await atRest()).toEqual(before)
    await stage.kubectl('delete', 'dcc/other', '--timeout=60s')
    expect((await atRest()).resourceVersion).toBe(before.resourceVersion)
  })
})

describe('a Secret', () => {
  test('of the authority comes back as it was within 5 s, deleted or edited', async () => {
    const { name, spoil, found } = await ownSecret('ca')
    const before = markOf(await found())
    expect(before).toBeDefined()
    const isBack = async (): Promise<true | undefined> =>
      markOf(await found()) === before ? true : undefined
    for (const how of ['deleted', 'edited'] as const) {
      await spoil(how)
      const began = performance.now()
      await poll(isBack, 50, inTime(5_000))
      tell(`${name}, ${how}, was back after ${secondsSince(began).toFixed(2)} s`)
    }
  })

  test.each(['scheduler', 'worker'])(
    'of the %s comes back within 5 s, deleted or edited, with a certificate of the same authority',
    async part => {
      const { name, spoil, found } = await ownSecret(part)
      const ca = textOf(await found(), 'ca.crt')
      const isBack = async (): Promise<true | undefined> => (isGood(await found(), ca) ? true : undefined)
      expect(isGood(await found(), ca)).toBe(true)
      for (const how of ['deleted', 'edited'] as const) {
        await spoil(how)
        const began = performance.now()
        await poll(isBack, 50, inTime(5_000))
        tell(`${name}, ${how}, was back after ${secondsSince(began).toFixed(2)} s`)
      }
    },
  )

  // Nothing watches it: at rest it is read by the pass that comes a minute after the last one.
  test('of the client’s comes back within a minute after it was deleted, and its files open the cluster', async () => {
    const { status } = await stage.settled('demo')
    const ca = textOf(await stage.clientSecret('demo'), 'ca.crt')
    const began = performance.now()
    await stage.kubectl('delete', 'secret', 'demo-client')
    const secret = await poll(() => stage.clientSecret('demo'), 200, inTime(60_000))
    tell(`the client’s Secret was back after ${secondsSince(began).toFixed(1)} s`)
    expect(isGood(secret, ca)).toBe(true)
    const scheduler = status.schedulerAddress
    user = await DaskUser.create(stage.python, await stage.subfolder('again'), { secret, scheduler })
    expect(await user.ask(six)).toBe(6)
  })

  test('of somebody else’s that has the client’s name is not touched, and the cluster says so', async () => {
    await stage.kubectl('create', 'secret', 'generic', 'foreign-client', '--from-literal=mine=precious')
    const before = await stage.clientSecret('foreign')
    expect(before).toBeDefined()
    await stage.apply('foreign', simulated)
    const refused = await stage.until('foreign', each => conditionOf(each, 'Stalled') !== undefined)
    expect(conditionOf(refused, 'CertificatesReady')).toMatchObject({
      status: 'False',
      reason: 'ForeignSecret',
      message: expect.stringContaining('foreign-client'),
    })
    expect(conditionOf(refused, 'Ready')?.status).toBe('False')
    await stage.kubectl('delete', 'dcc/foreign', '--timeout=60s')
    expect(await stage.clientSecret('foreign')).toEqual(before)
  })
})

describe('a deletion', () => {
  test('right after a machine died and a process hung leaves nothing, and no key was told', async () => {
    const cluster = await stage.settled('demo')
    expect(await stage.secretsOf(cluster)).toHaveLength(4)
    const pids = await stage.fleet.pids()
    const [dead, hung] = await stage.fleet.workers()
    if (dead === undefined || hung === undefined) throw new Error('two workers are wanted')
    killMachine(dead)
    process.kill(hung.program, 'SIGSTOP')
    await stage.kubectl('delete', 'dcc/demo', '--timeout=90s')
    expect(await leftovers(stage, cluster, pids)).toEqual(nothing)
    expect(await leaks(stage)).toEqual([])
  })
})

const simulated = { cloud: { simulated: { startupSeconds: 3 } }, workers: { replicas: 1 } }

const six = 'print(json.dumps(client.submit(sum, [1, 2, 3]).result()))'

/** One of the Secrets in the operator's namespace, and what a clumsy person may do to it. */
async function ownSecret(part: string) {
  const name = `dask-${(await stage.cluster('demo')).metadata.uid}-${part}`
  const within = ['--namespace', stage.operatorNamespace]
  const nonsense = JSON.stringify({ data: { 'ca.crt': btoa('nonsense'), 'tls.crt': btoa('nonsense') } })
  return {
    name,
    found: () => stage.secret(stage.operatorNamespace, name),
    spoil: (how: 'deleted' | 'edited') =>
      plane.kubectl(
        how === 'deleted'
          ? [...within, 'delete', 'secret', name]
          : [...within, 'patch', 'secret', name, '-p', nonsense],
      ),
  }
}

const textOf = (secret: SecretResource | undefined, file: string): string =>
  Buffer.from(secret?.data[file] ?? '', 'base64').toString()

/** Whether a Secret holds this authority, a certificate of it, and the key of that. */
function isGood(secret: SecretResource | undefined, ca: string): boolean {
  const [own, certificate, key] = ['ca.crt', 'tls.crt', 'tls.key'].map(file => textOf(secret, file))
  if (own !== ca || !certificate?.startsWith('-----BEGIN') || !key) return false
  const leaf = new X509Certificate(certificate)
  return leaf.verify(new X509Certificate(ca).publicKey) && leaf.checkPrivateKey(createPrivateKey(key))
}

/** Everything of a settled cluster that a restart of the operator could move. */
async function atRest() {
  const { metadata, status } = await stage.until('demo', each => isCounted(each))
  const machines = await stage.fleet.machines()
  return {
    resourceVersion: metadata.resourceVersion,
    status,
    machines: machines.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    pids: (await stage.fleet.pids()).toSorted((a, b) => a - b),
    dask: await user.see(await workerIds()),
  }
}

/** Settled, and its numbers, which may be written later than the rest, have been too. */
const isCounted = ({ status, spec }: ClusterResource): boolean =>
  status.workers?.ready === spec.workers.replicas && status.workers.replicas === spec.workers.replicas
