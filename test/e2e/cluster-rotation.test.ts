import { X509Certificate } from 'node:crypto'
import { afterAll, describe, expect, test } from 'vitest'

import { clusterUid } from '../../src/model/names.ts'
import { schedulerServerName } from '../../src/pki/identity.ts'
import { ClusterStage, conditionOf } from '../support/cluster-e2e.ts'
import { controlPlane } from '../support/control-plane.ts'
import { type Count, DaskUser, squaresBelow } from '../support/dask-user.ts'
import { ids } from '../support/local-fleet.ts'
import { pageStatus } from '../support/page.ts'
import { presented } from '../support/presented.ts'
import { tell } from '../support/python.ts'
import { leaks } from '../support/traces.ts'

const plane = controlPlane()
let stage: ClusterStage

plane.prepare(async () => {
  stage = await ClusterStage.open(plane)
  const workers = { replicas: 2, threads: 1, memory: '1GiB' }
  await stage.apply('demo', { cloud: { local: {} }, dashboard: { expose: true }, workers })
  await stage.kubectl('wait', '--for=condition=Ready', 'dcc/demo', '--timeout=180s')
})
afterAll(async () => stage?.[Symbol.asyncDispose]())

/** A user with the client's Secret as it is now. */
async function userNow(name: string): Promise<DaskUser> {
  const { status } = await stage.settled('demo')
  const secret = await stage.clientSecret('demo')
  return DaskUser.create(stage.python, await stage.subfolder(name), {
    secret,
    scheduler: status.schedulerAddress,
  })
}

const clientText = async (name: string): Promise<string> =>
  Buffer.from((await stage.clientSecret('demo'))?.data[name] ?? '', 'base64').toString()

/** Which certificates each process shows, and which processes they are. */
async function seen(
  user: DaskUser,
): Promise<{ readonly processes: unknown; readonly marks: readonly string[] }> {
  const { scheduler, workers, holds } = (await user.ask(sight)) as Sight
  const shown = await Promise.all([scheduler.address, ...Object.keys(workers)].map(presented))
  const told = [holds.cert, ...Object.values(workers).map(each => each.cert)]
  expect(shown).toEqual(told)
  return {
    processes: [scheduler, Object.entries(workers).map(([address, { pid }]) => [address, pid])],
    marks: told,
  }
}
interface Sight {
  readonly scheduler: { readonly address: string; readonly id: string; readonly pid: number }
  readonly workers: Readonly<Record<string, { readonly pid: number; readonly cert: string }>>
  readonly holds: { readonly cert: string }
}
const sight = `
client.wait_for_workers(2)
pids = client.run(os.getpid)
told = client.sync(client.scheduler.identity)
workers = {address: {"pid": pids[address], "cert": each["metrics"]["dask_tls"]["cert"]} for address, each in sorted(told["workers"].items(), key=lambda item: item[1]["name"])}
scheduler = {"address": told["address"], "id": told["id"], "pid": client.run_on_scheduler(os.getpid)}
print(json.dumps({"scheduler": scheduler, "workers": workers, "holds": told["dask_tls"]}))
`

const eventOf = async (text: string): Promise<boolean> =>
  (await stage.kubectl('get', 'events', '-o', 'jsonpath={.items[*].message}')).includes(text)

describe('certificates of a cluster that works', () => {
  test('are all renewed on request: no process starts anew, no task is lost, old and new clients are let in', async () => {
    const user = await userNow('before')
    const before = await seen(user)
    const machines = ids(await stage.fleet.machines())
    const job = user.count(0.02, 'leaves')
    await job.goesOn()
    const old = await clientText('tls.crt')
    await stage.kubectl('annotate', 'dcc/demo', 'cloud.dask.org/renew=1')
    await stage.until(
      'demo',
      async () => (await clientText('tls.crt')) !== old && (await eventOf('2 workers given')),
    )
    const after = await settledSight(user, before.marks)
    expect(after.processes).toEqual(before.processes)
    expect(
      await (await userNow('after')).ask('print(json.dumps(client.submit(lambda x: x + 1, 41).result()))'),
    ).toBe(42)
    await job.goesOn()
    expectOnce(await job.end())
    expect(ids(await stage.fleet.machines())).toEqual(machines)
  })

  test('get another authority on request, while both are trusted, and lose no task', async () => {
    const user = await userNow('rolled')
    const before = await seen(user)
    const job = user.count(0.02, 'authority')
    await job.goesOn()
    const former = await stage.clientSecret('demo')
    const old = await clientText('ca.crt')
    const began = performance.now()
    await stage.kubectl('annotate', 'dcc/demo', 'cloud.dask.org/renew-authority=1')
    const authorities = new Set<number>()
    await stage.until('demo', async () => {
      const text = await clientText('ca.crt')
      authorities.add(text.split('BEGIN').length - 1)
      return text.split('BEGIN').length === 2 && text !== old
    })
    tell(`the authority was rolled in ${((performance.now() - began) / 1000).toFixed(1)} s`)
    expect(Math.max(...authorities)).toBe(2)
    expectOnce(await job.end())
    const newer = await userNow('newer')
    const after = await settledSight(newer, before.marks)
    expect(after.processes).toEqual(before.processes)
    expect(conditionOf(await stage.settled('demo'), 'CertificatesReady')?.reason).toBe('Issued')
    const [leaf, authority] = [await clientText('tls.crt'), await clientText('ca.crt')]
    expect(new X509Certificate(leaf).checkIssued(new X509Certificate(authority))).toBe(true)
    const { metadata, status } = await stage.settled('demo')
    const serverName = schedulerServerName(clusterUid(metadata.uid))
    const page = (secret: typeof former) => pageStatus(status.dashboardURL ?? '', { secret, serverName })
    expect(await page(await stage.clientSecret('demo'))).toBe(200)
    expect(await page(former)).toBe('refused')
  })

  test('are the newest where Dask starts again, and on a machine that comes later', async () => {
    const user = await userNow('later')
    const before = await seen(user)
    const [first = 0] = Object.values((await user.see(ids(await stage.fleet.workers()))).workers)
    process.kill(first, 'SIGKILL')
    await stage.until('demo', each => conditionOf(each, 'WorkersReady')?.status === 'False')
    expect((await settledSight(user)).marks).toEqual(before.marks)
    await stage.kubectl('scale', 'dcc/demo', '--replicas=3')
    await stage.settled('demo')
    expect(await user.ask('print(json.dumps(len(client.run(os.getpid))))')).toBe(3)
  })

  test('are told to nobody', async () => {
    expect(await leaks(stage)).toEqual([])
  })
})

async function settledSight(user: DaskUser, before: readonly string[] = []) {
  await stage.settled('demo')
  const found = await seen(user)
  for (const mark of found.marks) expect(before).not.toContain(mark)
  expect(new Set(found.marks).size).toBe(found.marks.length)
  return found
}

/** Every task was run once, and no result was lost. */
function expectOnce({ tasks, total, runs }: Count): void {
  expect(total).toBe(squaresBelow(tasks))
  expect(runs).toBe(tasks)
}
