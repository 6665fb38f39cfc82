import { expect, test } from 'vitest'
import { serviceFields, serviceSeen, sliceFields, sliceSeen } from '../../src/app/service-objects.ts'
import { Services } from '../../src/app/services.ts'
import { KubeError } from '../../src/kube/fault.ts'
import { isRecord } from '../../src/lib/parse.ts'
import { installationId } from '../../src/model/names.ts'
import { aCluster } from '../support/a-world.ts'

const cluster = aCluster({})
const installation = installationId('ours')
const place = { cluster, installation }
const route = { host: '10.0.0.7', port: 8786, isUp: true }
const call = { signal: new AbortController().signal }

const fieldsOf = (raw: unknown): Readonly<Record<string, unknown>> => (isRecord(raw) ? raw : {})

/** As the API server would have it: with what it adds. */
const stored = <T extends Readonly<Record<string, unknown>>>(fields: T) => ({
  ...fields,
  metadata: { ...fieldsOf(fields['metadata']), uid: 'u', resourceVersion: '1', name: 'demo-scheduler' },
})
const spec = {
  type: 'ClusterIP',
  clusterIP: '10.96.0.9',
  ipFamilies: ['IPv4'],
  ipFamilyPolicy: 'PreferDualStack',
}
const ports = [{ name: 'tls-comm', protocol: 'TCP', port: 8786, targetPort: 8786 }]
const service = stored({ ...serviceFields(place), spec: { ...spec, ports } })

test.each([
  { given: 'nothing', found: undefined, want: 'missing' },
  { given: 'ours, with what Kubernetes adds', found: service, want: 'kept' },
  {
    given: 'ours, made a load balancer',
    found: { ...service, spec: { ...service.spec, type: 'LoadBalancer' } },
    want: 'altered',
  },
  {
    given: 'ours, with a selector that has the EndpointSlice controller fill it',
    found: { ...service, spec: { ...service.spec, selector: { app: 'other' } } },
    want: 'altered',
  },
  {
    given: 'without its labels',
    found: { ...service, metadata: { ...service.metadata, labels: {} } },
    want: 'altered',
  },
  {
    given: 'without its owner',
    found: { ...service, metadata: { ...service.metadata, ownerReferences: [] } },
    want: 'altered',
  },
  {
    given: 'one that another owns',
    found: {
      ...service,
      metadata: { ...service.metadata, ownerReferences: [{ uid: 'other', controller: true }] },
    },
    want: 'foreign',
  },
  { given: 'one that nobody owns', found: { metadata: { uid: 'v' }, spec: service.spec }, want: 'foreign' },
])('a Service: $given: $want', ({ found, want }) => {
  expect(serviceSeen(found, place)).toBe(want)
})

test('a slice says where it leads, nowhere too, and shows when somebody has put an endpoint beside', () => {
  const slice = stored(sliceFields(place, route))
  expect(sliceSeen(slice, place)).toEqual({ route })
  expect(sliceSeen(stored(sliceFields(place, undefined)), place)).toEqual({ route: undefined })
  const [own]: readonly unknown[] = [fieldsOf(slice)['endpoints']].flat()
  expect(sliceSeen({ ...slice, endpoints: [own, { addresses: ['10.6.6.6'] }] }, place)).toBe('altered')
})

/** A store of one kind that does as `refuse` says. */
function aStore(refuse: (what: string) => KubeError | undefined) {
  const state: { object: unknown; asked: string[] } = { object: undefined, asked: [] }
  const answer = async <T>(what: string, value: () => T): Promise<T> => {
    state.asked.push(what)
    const error = refuse(what)
    if (error !== undefined) throw error
    return value()
  }
  const store = {
    read: () => answer('read', () => state.object),
    create: (_ref: unknown, fields: Readonly<Record<string, unknown>>) =>
      answer('create', () => (state.object = stored(fields))),
    patch: (_ref: unknown, fields: Readonly<Record<string, unknown>>) =>
      answer('patch', () => (state.object = stored(fields))),
    remove: () => answer('remove', () => void (state.object = undefined)),
  }
  return { state, store }
}

test('what was written is known, and nothing is asked for again until it is due', async () => {
  let now = 0
  const [one, other] = [aStore(() => undefined), aStore(() => undefined)]
  const services = new Services({ services: one.store, slices: other.store, installation, now: () => now })
  expect(await services.look(cluster, call)).toEqual({ kind: 'seen', service: 'missing', slice: 'missing' })
  await services.publish(cluster, { ...route, isUp: false }, call)
  expect(await services.look(cluster, call)).toEqual({ kind: 'seen', service: 'kept', slice: 'missing' })
  await services.publish(cluster, route, call)
  expect(await services.look(cluster, call)).toEqual({ kind: 'seen', service: 'kept', slice: { route } })
  await services.publish(cluster, { ...route, host: '2001:db8::7' }, call)
  expect([one.state.asked, other.state.asked]).toEqual([
    ['read', 'create'],
    ['read', 'create', 'remove', 'create'],
  ])
  other.state.object = undefined
  now = 29_000
  expect(await services.look(cluster, call)).toMatchObject({ slice: { route: { host: '2001:db8::7' } } })
  now = 31_000
  expect(await services.look(cluster, call)).toMatchObject({ service: 'kept', slice: 'missing' })
  await services.remove(cluster, call)
  expect(await services.look(cluster, call)).toEqual({ kind: 'seen', service: 'missing', slice: 'missing' })
})

test('what the API server refuses is not tried again for a while, and is no fault of credentials', async () => {
  let now = 0
  const no = new KubeError({ status: 403, reason: 'Forbidden' }, 'exceeded quota: services')
  let error: KubeError | undefined = no
  const services = new Services({
    services: aStore(what => (what === 'read' ? undefined : error)).store,
    slices: aStore(() => undefined).store,
    installation,
    now: () => now,
  })
  await services.look(cluster, call)
  await expect(services.publish(cluster, route, call)).rejects.toMatchObject({ fault: 'invalid' })
  expect(await services.look(cluster, call)).toMatchObject({ kind: 'refused' })
  now = 61_000
  expect(await services.look(cluster, call)).toMatchObject({ kind: 'seen', service: 'missing' })
  error = new KubeError({ status: 409, reason: 'AlreadyExists' }, 'already exists')
  await expect(services.publish(cluster, route, call)).rejects.toMatchObject({ fault: 'unavailable' })
  expect(await services.look(cluster, call)).toMatchObject({ kind: 'seen' })
})

test('what an API server said last holds while it is away, for ten minutes', async () => {
  let now = 0
  let error: KubeError | undefined
  const [one, other] = [aStore(() => error), aStore(() => undefined)]
  const services = new Services({ services: one.store, slices: other.store, installation, now: () => now })
  await services.look(cluster, call)
  await services.publish(cluster, route, call)
  error = new KubeError({ status: 503, reason: 'ServiceUnavailable' }, 'away')
  now = 9 * 60_000
  expect(await services.look(cluster, call)).toEqual({ kind: 'seen', service: 'kept', slice: { route } })
  now = 10 * 60_000
  expect(await services.look(cluster, call)).toMatchObject({ kind: 'silent' })
  now += 9_000
  error = undefined
  expect(await services.look(cluster, call)).toMatchObject({ kind: 'silent' })
  now += 2_000
  expect(await services.look(cluster, call)).toMatchObject({ kind: 'seen' })
})
