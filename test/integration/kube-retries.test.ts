import { request } from 'node:https'
import { expect, onTestFinished, test } from 'vitest'
import { isKubeError } from '../../src/kube/fault.ts'
import { poll } from '../../src/lib/wait.ts'
import { controlPlane } from '../support/control-plane.ts'
import { connected, folder, inside, kubeconfigOf } from '../support/kube-user.ts'

const plane = controlPlane()
const within = (ms = 60_000) => ({ signal: AbortSignal.timeout(ms) })

/** Leaves this user one seat at the API server. Who has it is asked for by nobody else: 429 with Retry-After. */
async function oneSeat(user: string): Promise<void> {
  const name = `held-${plane.namespace}`
  const apiVersion = 'flowcontrol.apiserver.k8s.io/v1'
  const level = {
    apiVersion,
    kind: 'PriorityLevelConfiguration',
    metadata: { name },
    spec: {
      type: 'Limited',
      limited: {
        nominalConcurrencyShares: 0,
        lendablePercent: 0,
        borrowingLimitPercent: 0,
        limitResponse: { type: 'Reject' },
      },
    },
  }
  const resourceRules = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'] }]
  const schema = {
    apiVersion,
    kind: 'FlowSchema',
    metadata: { name },
    spec: {
      priorityLevelConfiguration: { name },
      matchingPrecedence: 2,
      rules: [{ subjects: [{ kind: 'User', user: { name: user } }], resourceRules }],
    },
  }
  const list = { apiVersion: 'v1', kind: 'List', items: [level, schema] }
  await plane.kubectl(['apply', '-f', '-'], JSON.stringify(list))
  onTestFinished(async () => {
    await plane.kubectl(['delete', 'flowschema', name, '--ignore-not-found'])
    await plane.kubectl(['delete', 'prioritylevelconfiguration', name, '--ignore-not-found'])
  })
}

/** Takes the seat with a write that begins and does not end before the signal. */
function sitDown(path: string, user: string, signal: AbortSignal): void {
  const headers = {
    authorization: `Bearer ${plane.token}`,
    'impersonate-user': user,
    'content-type': 'application/json',
    'content-length': '100',
  }
  const options = { method: 'POST', ca: plane.authority, agent: false, headers, signal }
  const begun = request(`${plane.url}${path}`, options).on('error', () => undefined)
  // A look of the test's own had the seat.
  begun.on('response', () => signal.aborted || sitDown(path, user, signal))
  begun.write('{')
}

test('a write that the API server holds back is made once it has a seat', async () => {
  const at = await folder()
  const cluster = { server: plane.url, ...inside(plane.authority) }
  const who = `writer-${plane.namespace}`
  // Not an administrator's groups: those are exempt.
  const user = { token: plane.token, as: who }
  await plane.kubectl([
    'create',
    'rolebinding',
    'w',
    '-n',
    plane.namespace,
    '--clusterrole=edit',
    `--user=${who}`,
  ])
  const codes: string[] = []
  const kube = await connected({
    kubeconfig: await at.write('config', kubeconfigOf(cluster, user)),
    requests: { inc: ({ code }) => codes.push(code) },
  })
  const path = `/api/v1/namespaces/${plane.namespace}/configmaps`
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'held-' } }
  await oneSeat(who)
  const standUp = new AbortController()
  onTestFinished(() => standUp.abort())
  sitDown(path, who, standUp.signal)
  // Until the API server has heard of both.
  const held = async (): Promise<true | undefined> => {
    const error: unknown = await kube.leases
      .request({ method: 'GET', path }, within())
      .catch((e: unknown) => e)
    return isKubeError(error, 429) ? true : undefined
  }
  await poll(held, 50, within())
  codes.length = 0
  const writing = kube.request({ method: 'POST', path, body }, within())
  await poll(() => (codes.includes('429') ? true : undefined), 20, within())
  standUp.abort()
  expect(await writing).toMatchObject({ kind: 'ConfigMap' })
  expect(codes.at(-1)).toBe('201')
  expect(new Set(codes)).toEqual(new Set(['429', '201']))
  const names = await plane.kubectl(['get', 'configmap', '-n', plane.namespace, '-o', 'name'])
  expect(names.split('\n').filter(name => name.includes('held-'))).toHaveLength(1)
})
