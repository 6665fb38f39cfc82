import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Connections } from '../../src/app/connections.ts'
import type { Credentialed, Given } from '../../src/app/credentials.ts'
import { scopePlace } from '../../src/app/places.ts'
import { parseSettings } from '../../src/clouds/aws/settings.ts'
import { digest } from '../../src/lib/fingerprint.ts'
import { poll } from '../../src/lib/wait.ts'
import { type ClusterUid, clusterUid, installationId } from '../../src/model/names.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { type AwsGround, anAwsGround, printedPolicy } from '../support/aws/aws-ground.ts'
import { homeAccount, homeKey } from '../support/aws/ec2.ts'
import { anOwner } from '../support/launch-request.ts'

const call = { signal: AbortSignal.timeout(60_000) }
let ground: AwsGround

beforeEach(async () => {
  ground = await anAwsGround({ tempo: { networkLagMs: 0 } })
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await ground[Symbol.asyncDispose]()
})

const uidOf = (at: number): ClusterUid =>
  clusterUid(`00000000-0000-4000-8000-${String(at).padStart(12, '0')}`)

function aCluster(at: number, settings: object = {}): Credentialed {
  const parsed = parseSettings({ region: 'us-east-1', ...settings }, 'spec.cloud.aws')
  const cloud = { name: 'aws', settings: parsed }
  return { uid: uidOf(at), namespace: 'team-a', phase: 'wanted', credentials: undefined, cloud }
}

/** Connections, and how many clouds of them are open. */
function opened(given: (cluster: Credentialed) => Given, awsRegions: readonly string[] = []) {
  const closed: unknown[] = []
  const told: ClusterUid[] = []
  const connections = new Connections({
    context: { installation: installationId('ours'), sealingKey: 'key', stateDirectory: '' },
    allowed: [],
    ambient: ['aws'],
    credentials: { given },
    led: (_ms, by, work) => work({ signal: by.signal }),
    seam(cloud) {
      const close = cloud.close.bind(cloud)
      return Object.assign(cloud, { close: () => close().finally(() => closed.push(cloud)) })
    },
    metrics: createMetrics(),
    onProblem: () => undefined,
    notify: owners => void told.push(...owners),
    places: { aws: awsRegions },
    proveEveryMs: 20,
  })
  return { connections, closed, told }
}

test('of the operator’s own connections to a scope one stays, the others go with their last clusters', async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', homeKey)
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret')
  const { connections, closed } = opened(() => ({ kind: 'own' }))
  await using _ = connections
  const all = [10, 20, 30, 40].map((sizeGiB, at) => aCluster(at, { disk: { sizeGiB } }))
  for (const each of all) await connections.of(each)
  const [first] = connections.scopes
  for (const { uid } of all) connections.forget(uid)
  await poll(() => (closed.length === 3 ? true : undefined), 10, call)
  expect(connections.scopes).toEqual([first])
  expect((await first?.members.list(call))?.machines).toEqual([])
  const [again] = all.slice(1)
  if (again !== undefined) await (await connections.of(again)).cloud.list(call)
})

test('regions that are named are reached without a cluster, and no others', async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', homeKey)
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret')
  const { connections } = opened(() => ({ kind: 'own' }), ['us-east-1', 'eu-central-1'])
  await using _ = connections
  connections.openAmbient()
  await poll(() => (connections.scopes.length === 2 ? true : undefined), 10, call)
  const names = ['us-east-1', 'eu-central-1'].map(region => `aws/${homeAccount}/${region}`)
  expect(connections.scopes.map(({ scope }) => scope).toSorted()).toEqual(names.toSorted())
  await poll(() => connections.scopes.every(({ inventory }) => inventory.newest) || undefined, 10, call)
})

test('what is left behind in an account of Secrets is found and ended while one of them is in use', async () => {
  for (const key of ['AKIATEAMA', 'AKIATEAMB']) ground.ec2.world.keys.set(key, aKey())
  const { connections } = opened(({ uid }) => held(uid === uidOf(1) ? 'AKIATEAMA' : 'AKIATEAMB'))
  await using _ = connections
  const [{ cloud, inventory }] = [await connections.of(aCluster(1)), await connections.of(aCluster(2))]
  const owner = { ...anOwner(), uid: uidOf(1) }
  await cloud.reserveAddress({ owner, exposure: 'Public', admitted: [] }, call)
  connections.forget(owner.uid)
  await connections.refresh({ inventory }, call)
  const [place, ...others] = connections.scopes.map(scopePlace)
  expect(others).toEqual([])
  const { holdings = [] } = place?.look() ?? {}
  expect(holdings).toMatchObject([{ owner: owner.uid, items: ['address'] }])
  await place?.clear(holdings, call)
  expect(ground.left()).toEqual([])
  connections.forget(uidOf(2))
  await poll(() => (connections.scopes.length === 0 ? true : undefined), 10, call)
})

test('a Secret whose key is revoked is known as such without its turn to list', async () => {
  for (const key of ['AKIATEAMA', 'AKIATEAMB']) ground.ec2.world.keys.set(key, aKey())
  const { connections, told } = opened(({ uid }) => held(uid === uidOf(1) ? 'AKIATEAMA' : 'AKIATEAMB'))
  await using _ = connections
  const both = [aCluster(1), aCluster(2)]
  for (const each of both) await connections.of(each)
  const looks = [
    'DescribeInstances',
    'DescribeNetworkInterfaces',
    'DescribeAddresses',
    'DescribeSecurityGroups',
  ]
  const asked = (look: string) => ground.ec2.ledger.filter(({ action }) => action === look).length
  // No list is under way that could be refused in the proof's place.
  await poll(() => (looks.every(look => asked(look) >= 2) ? true : undefined), 10, call)
  ground.ec2.world.keys.delete('AKIATEAMB')
  const refused = () => (connections.refusal(uidOf(2))?.includes('InvalidClientTokenId') ? true : undefined)
  expect(await poll(refused, 10, call)).toBe(true)
  expect(told).toContain(uidOf(2))
  expect(connections.refusal(uidOf(1))).toBeUndefined()
  ground.ec2.world.keys.set('AKIATEAMB', aKey())
  await poll(() => (connections.refusal(uidOf(2)) === undefined ? true : undefined), 10, call)
})

const aKey = () => ({ account: homeAccount, may: undefined, secret: 'secret', policy: printedPolicy })

function held(key: string): Given {
  const values = { AWS_ACCESS_KEY_ID: key, AWS_SECRET_ACCESS_KEY: 'secret' }
  return { kind: 'secret', values, digest: digest(values), version: '1', isHeld: true }
}
