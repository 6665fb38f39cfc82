import { afterAll, expect, test } from 'vitest'
import { poll } from '../../src/lib/wait.ts'
import { certificateBlocks } from '../../src/pki/pem.ts'
import { markOf } from '../../src/pki/stored-rotation.ts'
import { ClusterStage, conditionOf } from '../support/cluster-e2e.ts'
import { controlPlane } from '../support/control-plane.ts'
import { DaskUser } from '../support/dask-user.ts'
import { keep, marked } from '../support/given-secret.ts'
import { type OpensslAuthority, OpensslRoom } from '../support/openssl-authority.ts'
import { presented } from '../support/presented.ts'

const plane = controlPlane()
let stage: ClusterStage

plane.prepare(async () => {
  stage = await ClusterStage.open(plane)
})
afterAll(async () => stage?.[Symbol.asyncDispose]())

const workers = { replicas: 1, threads: 1, memory: '1GiB' }
/** With the Secret elsewhere than at /etc/dask, and so with its paths told anew. */
const sum = `
import json, os, pathlib
mounted = os.environ['TLS']
config = pathlib.Path(os.environ['HOME'], 'config')
config.mkdir(exist_ok=True)
told = pathlib.Path(mounted, 'dask.yaml').read_text().replace('/etc/dask', mounted)
pathlib.Path(config, 'dask.yaml').write_text(told)
os.environ['DASK_CONFIG'] = str(config)
from distributed import Client
client = Client(timeout=20)
print(json.dumps([client.submit(lambda x: x + 1, 41).result(), client.scheduler.addr]))
`

const reason = (name: string, wanted: string) =>
  stage.until(name, each => conditionOf(each, 'CertificatesReady')?.reason === wanted)

/** What a pod that mounts the client's Secret gets to know with no argument at all. */
async function asPod(name: string): Promise<unknown> {
  const secret = await stage.clientSecret(name)
  const user = await DaskUser.create(stage.python, await stage.subfolder(`${name}-pod`), { secret })
  const { output, errors } = await user.run(sum)
  return output === '' ? errors : JSON.parse(output)
}

test('certificates of one’s own are checked before a machine is there, serve, and are renewed while it runs', async () => {
  using room = new OpensslRoom()
  const authority = room.authority({ key: ['rsa:2048'] })
  const texts = authority.leaf({ key: ['rsa:2048'] })
  const [worker, client] = [{ name: 'for-workers' }, { name: 'for-clients' }]
  const tls = { mode: 'Provided', secretRefs: { scheduler: { name: 'mine' }, worker, client } }
  for (const { name } of [worker, client]) await keep(stage, name, authority.leaf(), marked)
  await stage.apply('own', { cloud: { local: {} }, workers, security: { tls } })
  await reason('own', 'SecretNotFound')
  await keep(stage, 'mine', texts)
  await reason('own', 'SecretNotLabelled')
  await keep(stage, 'mine', { ...texts, 'tls.key': authority.leaf()['tls.key'] }, marked)
  const refused = await reason('own', 'SecretInvalid')
  expect(conditionOf(refused, 'CertificatesReady')?.message).toContain(
    'Secret mine, tls.key: is not the key of tls.crt',
  )
  expect(conditionOf(refused, 'Stalled')?.reason).toBe('SecretInvalid')
  expect(await stage.fleet.homes()).toEqual([])
  await keep(stage, 'mine', texts, marked)
  const { status } = await stage.settled('own', 120_000)
  expect(conditionOf(await stage.cluster('own'), 'CertificatesReady')?.reason).toBe('Provided')
  expect(await asPod('own')).toEqual([42, status.schedulerAddress])
  await replaced(room.authority(), status.schedulerAddress ?? '')
  await stage.kubectl('delete', 'dcc/own', '--timeout=90s')
  expect(await stage.secretsOf(refused)).toEqual([])
  const given = await stage.kubectl('get', 'secret/mine', '-o', 'jsonpath={.metadata.finalizers}')
  expect(given).toBe('')
})

/**
 * All Secrets are of another authority from one moment to the next: the scheduler that runs takes what is its own, key and
 * all, its worker makes room for one that has it, and nobody is locked out on the way.
 */
async function replaced(authority: OpensslAuthority, address: string): Promise<void> {
  const [scheduler, [worker]] = [await stage.fleet.scheduler(), await stage.fleet.workers()]
  const user = await DaskUser.create(stage.python, await stage.subfolder('own-job'), {
    secret: await stage.clientSecret('own'),
    scheduler: address,
  })
  const job = user.count(0.05, 'job')
  await job.goesOn()
  const texts = authority.leaf()
  for (const name of ['for-workers', 'for-clients']) await keep(stage, name, authority.leaf(), marked)
  await keep(stage, 'mine', texts, marked)
  const trusted = new Set<number>()
  let looks = 0
  const isOver = async (): Promise<true | undefined> => {
    await stage.kubectl('annotate', 'dcc/own', `look=${++looks}`, '--overwrite')
    const secret = await stage.clientSecret('own')
    const ca = Buffer.from(secret?.data['ca.crt'] ?? '', 'base64').toString()
    trusted.add(certificateBlocks(ca).length)
    return ca === texts['ca.crt'] ? true : undefined
  }
  await poll(isOver, 1_000, { signal: AbortSignal.timeout(120_000) })
  expect(trusted).toEqual(new Set([1, 2]))
  await stage.settled('own')
  expect(await presented(address)).toBe(markOf(texts['tls.crt']))
  const now = await stage.fleet.workers()
  expect(now).toHaveLength(1)
  expect(now[0]?.id).not.toBe(worker?.id)
  expect((await stage.fleet.scheduler()).program).toBe(scheduler.program)
  await job.goesOn()
  const { tasks, total, runs } = await job.end()
  expect(total).toBe(((tasks - 1) * tasks * (2 * tasks - 1)) / 6)
  expect(runs).toBe(tasks)
  expect(await asPod('own')).toEqual([42, address])
}

test('without TLS everything is there but certificates, and the warning stays', async () => {
  await stage.apply('plain', { cloud: { local: {} }, workers, security: { tls: { mode: 'Disabled' } } })
  const cluster = await stage.settled('plain', 120_000)
  const { status } = cluster
  expect(status.schedulerAddress).toMatch(/^tcp:\/\//)
  expect(conditionOf(cluster, 'EncryptionDisabled')?.reason).toBe('Requested')
  expect(conditionOf(cluster, 'CertificatesReady')).toBeUndefined()
  const secrets = await stage.secretsOf(cluster)
  expect(secrets.map(({ data }) => Object.keys(data))).toEqual([['dask.yaml']])
  expect(await asPod('plain')).toEqual([42, status.schedulerAddress])
  await stage.kubectl('scale', 'dcc/plain', '--replicas=0')
  const none = async (): Promise<true | undefined> =>
    (await stage.fleet.workers()).length === 0 ? true : undefined
  await poll(none, 200, { signal: AbortSignal.timeout(60_000) })
  await stage.kubectl('delete', 'dcc/plain', '--timeout=90s')
  expect(await stage.secretsOf(cluster)).toEqual([])
})
