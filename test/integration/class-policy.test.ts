import { randomBytes } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import { apiVersion, kind } from '../../src/api/names.ts'
import { clustersIn } from '../../src/kube/clusters.ts'
import { KubeError } from '../../src/kube/fault.ts'
import { connectKube, type KubeRequest, type KubeTransport } from '../../src/kube/transport.ts'
import { poll } from '../../src/lib/wait.ts'
import { type ClassCase, caseClass, caseLabels, classCases, saidOf } from '../support/class-cases.ts'
import { ClassDesk } from '../support/class-desk.ts'
import { controlPlane } from '../support/control-plane.ts'
import { documentsOf, operatorManifest } from '../support/rights.ts'

const plane = controlPlane()
const all = new AsyncDisposableStack()
const className = `policy-${randomBytes(3).toString('hex')}`
const classAs = (said: string): string => said.replaceAll('class standard', `class ${className}`)
const call = () => ({ signal: AbortSignal.timeout(30_000) })
let kube: KubeTransport
let elsewhere = ''

const nameOf = (one: ClassCase): string => `case-${classCases.indexOf(one)}`
const placeOf = (one: ClassCase): string => (one.isElsewhere === true ? elsewhere : plane.namespace)
const specOf = (spec: object): object => ({ className, ...spec })

/** What the API server makes of it: undefined where it takes it, else its refusal. */
async function refusalOf(request: KubeRequest): Promise<string | undefined> {
  try {
    await kube.request(request, call())
    return undefined
  } catch (error) {
    if (error instanceof KubeError) return `${error.status}: ${error.message}`
    throw error
  }
}

const created = (one: ClassCase, spec: object, query = {}): Promise<string | undefined> =>
  refusalOf({
    method: 'POST',
    path: clustersIn(placeOf(one)).path,
    query,
    body: { apiVersion, kind, metadata: { name: nameOf(one) }, spec: specOf(spec) },
  })

plane.prepare(async () => {
  kube = all.use(await connectKube({ kubeconfig: plane.kubeconfig }))
  elsewhere = `${plane.namespace}-elsewhere`
  const desk = all.use(new ClassDesk(plane, 'nobody'))
  const policies = (await documentsOf(operatorManifest)).filter(each =>
    each.kind.startsWith('ValidatingAdmissionPolicy'),
  )
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: policies })
  await plane.kubectl(['create', 'namespace', elsewhere])
  // Nobody judges them before there is a policy.
  for (const one of classCases) if (one.before !== undefined) await created(one, one.before)
  await plane.kubectl(['apply', '-f', '-'], list)
  all.defer(async () => {
    await plane.kubectl(['delete', '-f', '-', '--ignore-not-found'], list)
    await plane.kubectl(['delete', 'namespace', elsewhere, '--wait=false'])
  })
  for (const [key, value] of Object.entries(caseLabels)) await desk.label(plane.namespace, `${key}=${value}`)
  await desk.label(elsewhere, 'team=a')
  await desk.apply(className, caseClass)
  const [first] = classCases.filter(({ says }) => says.length > 0)
  if (first === undefined) throw new Error('there is no case that is refused')
  const isOn = async (): Promise<true | undefined> =>
    (await created(first, first.spec, { dryRun: 'All' })) === undefined ? undefined : true
  await poll(isOn, 200, { signal: AbortSignal.timeout(60_000) })
})
afterAll(() => all.disposeAsync())

test.each(classCases)('the API server judges $given as the operator does', async one => {
  const path = `${clustersIn(placeOf(one)).path}/${nameOf(one)}`
  const absent =
    one.before === undefined ? {} : Object.fromEntries(Object.keys(one.before).map(key => [key, null]))
  const said =
    one.before === undefined
      ? await created(one, one.spec, { dryRun: 'All' })
      : await refusalOf({
          method: 'PATCH',
          path,
          query: { dryRun: 'All' },
          contentType: 'application/merge-patch+json',
          body: { spec: { ...absent, ...one.spec } },
        })
  const wanted = saidOf(one, placeOf(one)).map(classAs).join('; ')
  // 403, by the policy and nothing else.
  expect(said?.replace(/^403: .*ValidatingAdmissionPolicy.* denied request: /, '') ?? '').toBe(wanted)
})

test('whoever changes no spec is let through, whatever the class says of it', async () => {
  const [late] = classCases.filter(({ before }) => before !== undefined)
  if (late === undefined) throw new Error('there is no case of a change')
  const said = await refusalOf({
    method: 'PATCH',
    path: `${clustersIn(placeOf(late)).path}/${nameOf(late)}`,
    contentType: 'application/merge-patch+json',
    body: { metadata: { annotations: { a: 'b' }, finalizers: [] } },
  })
  expect(said).toBeUndefined()
})

test('a cluster without a class, or with another one, is none of the policy’s business', async () => {
  const path = clustersIn(plane.namespace).path
  const of = (spec: object): Promise<string | undefined> =>
    refusalOf({
      method: 'POST',
      path,
      query: { dryRun: 'All' },
      body: { apiVersion, kind, metadata: { name: 'other' }, spec },
    })
  expect(await of({ cloud: { simulated: {} }, workers: { replicas: 100 } })).toBeUndefined()
  expect(await of({ className: 'nobody-knows', workers: { replicas: 100 } })).toBeUndefined()
})
