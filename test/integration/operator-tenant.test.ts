import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { writeLaunches } from '../../src/api/launch-records.ts'
import { fileJournal } from '../../src/clouds/simulated/journal.ts'
import { clustersIn } from '../../src/kube/clusters.ts'
import { secretsIn } from '../../src/kube/secrets.ts'
import { clusterUid, machineId, scope } from '../../src/model/names.ts'
import { aLaunch } from '../support/a-world.ts'
import { type ClusterObject, condition } from '../support/cluster-desk.ts'
import { controlPlane } from '../support/control-plane.ts'
import { type OwnRoom, ownRoom } from '../support/own-room.ts'
import { tell } from '../support/python.ts'
import { on, tenantOf } from '../support/tenant.ts'
import { openTrap, type Trap } from '../support/trap.ts'

const plane = controlPlane()
const all = new AsyncDisposableStack()
let own: OwnRoom
let tenant: Awaited<ReturnType<typeof tenantOf>>
let noisy: Awaited<ReturnType<typeof tenantOf>>
let trap: Trap

plane.prepare(async () => {
  own = all.use(await ownRoom(plane))
  tenant = all.use(await tenantOf(plane, own.room))
  const { tenant: name } = own.room.namespaces
  const other = `${name}-noisy`
  await plane.kubectl(['create', 'namespace', other])
  all.defer(async () => void (await plane.kubectl(['delete', 'namespace', other, '--wait=false'])))
  noisy = all.use(await tenantOf(plane, { directory: own.room.directory, namespaces: { tenant: other } }))
  trap = all.use(await openTrap())
  const watched = { 'watch-namespaces': `${name},${other}`, 'allow-clouds': 'simulated' }
  own.room.operator({ settings: { ...watched, 'log-level': 'trace', 'sweep-after': '30s' } })
})
afterAll(() => all.disposeAsync())

const call = () => ({ signal: AbortSignal.timeout(30_000) })
const until = (name: string, isMet: (cluster: ClusterObject) => boolean): Promise<ClusterObject> =>
  own.room.clusters.until(name, isMet)
const aws = { region: 'us-east-1' }
const gcp = { project: 'acme-data', region: 'us-central1' }
const azure = { subscriptionId: '11111111-2222-3333-4444-555555555555', location: 'westeurope' }
const digitalOcean = { region: 'fra1' }

const secretOf = (type: string, more: object = {}) => ({
  'credentials.json': JSON.stringify({ type, ...more }),
})

test('no Secret and no name in a spec makes the operator ask another server, run a program or be another identity', async () => {
  const url = trap.url('http')
  const program = { credential_source: { executable: { command: `/usr/bin/curl ${url}` } }, token_url: url }
  const [label, elsewhere] = ['cloud.dask.org/purpose', { namespace: own.room.namespaces.operator }]
  const theirs = {
    metadata: { name: 'theirs', labels: { [label]: 'credentials' } },
    stringData: { token: 'dop_v1_theirs' },
  }
  const path = secretsIn(elsewhere.namespace, '').path
  await own.room.kube.request({ method: 'POST', path, body: theirs }, call())
  const rows = [
    {
      name: 'aws-url',
      of: on('aws', aws),
      secret: { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'any-secret', AWS_ENDPOINT_URL: url },
      says: 'AWS_ENDPOINT_URL',
    },
    {
      name: 'gcp-program',
      of: on('gcp', gcp),
      secret: secretOf('external_account', program),
      says: 'must be service_account',
    },
    {
      name: 'gcp-universe',
      of: on('gcp', gcp),
      secret: secretOf('service_account', { universe_domain: '127.0.0.1' }),
      says: 'universe_domain',
    },
    {
      name: 'azure-authority',
      of: on('azure', azure),
      secret: { tenantId: 'a', authorityHost: url },
      says: 'authorityHost',
    },
    {
      name: 'do-url',
      of: on('digitalOcean', digitalOcean),
      secret: { token: 'dop_v1_abcdef', apiUrl: url },
      says: 'apiUrl',
    },
    {
      name: 'unlabelled',
      of: on('digitalOcean', digitalOcean),
      secret: { token: 'dop_v1_abcdef' },
      labels: {},
      says: 'is not marked',
    },
    { name: 'theirs', of: on('digitalOcean', digitalOcean), secret: undefined, says: 'is not there' },
  ]
  for (const { name, of, secret, labels, says: _ } of rows) {
    if (secret !== undefined) await tenant.secret(name, secret, labels)
    await tenant.create(name, { ...of, credentialsSecretRef: { name } })
  }
  const profile = { instanceProfile: 'arn:aws:iam::123456789012:instance-profile/admin' }
  await tenant.create('profile', on('aws', { ...aws, ...profile }))
  for (const { name, says } of rows) {
    const refused = await until(name, each => condition(each, 'CredentialsReady')?.status === 'False')
    expect([name, condition(refused, 'CredentialsReady')?.message]).toEqual([
      name,
      expect.stringContaining(says),
    ])
  }
  const stalled = await until('profile', each => condition(each, 'Stalled')?.status === 'True')
  expect(condition(stalled, 'Stalled')).toMatchObject({ reason: 'InvalidSpec' })
  expect(condition(stalled, 'Stalled')?.message).toContain('--allow-machine-identities')
  expect(trap.visits).toBe(0)
})

test('annotations that only the operator writes are no way to another namespace, to others’ clusters or to free machines', async () => {
  const { room } = own
  const { operator } = room.namespaces
  const held = {
    name: 'held',
    finalizers: ['cloud.dask.org/in-use'],
    labels: { 'cloud.dask.org/purpose': 'credentials' },
  }
  const path = secretsIn(operator, '').path
  await room.kube.request(
    { method: 'POST', path, body: { metadata: held, stringData: { token: 'dop_v1_held' } } },
    call(),
  )
  const spec = { ...on('simulated', {}), workers: { replicas: 1 } }
  const foreign = JSON.stringify({ installation: '0123456789abcdef', cloud: 'simulated', scope: 'simulated' })
  await tenant.create('forged', spec, {
    finalizers: ['cloud.dask.org/credentials'],
    annotations: { 'cloud.dask.org/credentials': `../../${operator}/secrets/held,held` },
  })
  const placed: ClusterObject = JSON.parse(
    await tenant.create('placed', spec, {
      finalizers: ['cloud.dask.org/machines'],
      annotations: { 'cloud.dask.org/placement': foreign },
    }),
  )
  const { metadata }: ClusterObject = JSON.parse(await tenant.create('let-go', spec))
  await Promise.all(['forged', 'let-go'].map(name => room.settled(name, 1)))
  await tenant.remove('forged')
  await room.clusters.gone('forged', '')
  const after = JSON.stringify(await room.kube.request({ method: 'GET', path: `${path}/held` }, call()))
  expect(after).toContain('cloud.dask.org/in-use')
  // Whoever lets a cluster go has not taken its machines out of sight.
  await tenant.patch('let-go', { metadata: { annotations: { 'cloud.dask.org/abandon': metadata.uid } } })
  await tenant.remove('let-go')
  await room.until('its machines to end', () => room.ledger.alive(metadata.uid).length === 0, 120_000)
  expect(room.ledger.launched(placed.metadata.uid)).toEqual([])
  await tenant.patch('placed', { metadata: { finalizers: [] } })
  await tenant.remove('placed')
  await room.kube.request(
    {
      method: 'PATCH',
      path: `${path}/held`,
      body: { metadata: { finalizers: [] } },
      contentType: 'application/merge-patch+json',
    },
    call(),
  )
})

test('a status that somebody forged ends no machine of another cluster’s or of a stranger’s', async () => {
  const { room } = own
  const spec = { ...on('simulated', {}), workers: { replicas: 1 } }
  await tenant.create('victim', spec)
  await tenant.create('forger', spec)
  const [victim, forger] = await Promise.all(['victim', 'forger'].map(name => room.settled(name, 1)))
  const theirs = room.ledger.alive(victim?.metadata.uid ?? '').map(({ id }) => id)
  expect(theirs).toHaveLength(2)
  const at = Date.now()
  const [copied] = room.ledger.alive(victim?.metadata.uid ?? '', 'worker')
  if (copied === undefined) throw new Error('there is no worker to be copied')
  const stranger = { ...copied, id: machineId('stranger-1'), token: 'strange', installation: 'theirs' }
  const journal = fileJournal(join(room.directory, 'simulated.jsonl'))
  journal.write({ kind: 'launched', at, token: 'strange', machines: [stranger] })
  const record = aLaunch('00000000000000ab', {
    owner: clusterUid(forger?.metadata.uid ?? ''),
    scope: scope('simulated'),
    count: 3,
    recordedAt: at,
    state: { kind: 'accepted', at, machines: [...theirs, stranger.id] },
  })
  const path = `${clustersIn(room.namespaces.tenant).path}/forger/status`
  const status = { launches: writeLaunches([record]), schedulerAddress: trap.url('tls') }
  const contentType = 'application/merge-patch+json'
  await room.kube.request({ method: 'PATCH', path, body: { status }, contentType }, call())
  await tenant.patch('forger', { spec: { suspend: true } })
  const endings = (): readonly string[] =>
    room.ledger.marks.flatMap(mark =>
      mark.kind === 'asked' && mark.call === 'terminate' ? (mark.machines ?? []) : [],
    )
  const ours = room.ledger.launched(forger?.metadata.uid ?? '').map(({ id }) => id)
  await room.until('its own machines to end', () => ours.every(id => endings().includes(id)))
  await until('forger', each => condition(each, 'Suspended')?.status === 'True')
  expect(endings().filter(id => theirs.some(each => each === id))).toEqual([])
  expect(room.ledger.alive(victim?.metadata.uid ?? '').map(({ id }) => id)).toEqual([...theirs, stranger.id])
  expect(room.ledger.marks.flatMap(mark => (mark.kind === 'ended' ? mark.machines : []))).not.toContain(
    stranger.id,
  )
  expect(trap.visits).toBe(0)
})

test('a tenant with very many clusters that make no sense keeps no other tenant from theirs', async () => {
  const { room } = own
  const many = Number(process.env['TENANT_CLUSTERS'] ?? 300)
  const timed = async (name: string): Promise<number> => {
    const began = performance.now()
    await room.clusters.create(name, 1)
    await room.settled(name, 1, 60_000)
    return performance.now() - began
  }
  const before = await timed('alone')
  const names = Array.from({ length: many }, (_, at) => `noise-${at}`)
  // Several at a time, one list of names: whoever looks at one of them need not wait for all.
  const left = names.values()
  const make = async (): Promise<void> => {
    for (const name of left) await noisy.create(name)
  }
  const noise = Promise.all(Array.from({ length: 8 }, make))
  await room.until('the first of them to be judged', async () =>
    (await noisy.get('noise-0')).includes('InvalidSpec'),
  )
  const during = await timed('in-noise')
  await noise
  const after = await timed('after')
  expect(after).toBeLessThan(60_000)
  const ms = [before, during, after].map(each => `${each.toFixed()} ms`)
  tell(
    `Ready in ${ms[0]} alone, in ${ms[1]} while another tenant makes ${many} bad clusters, in ${ms[2]} beside them`,
  )
})
