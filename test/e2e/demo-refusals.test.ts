import { chmod, readFile, writeFile } from 'node:fs/promises'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { poll } from '../../src/lib/wait.ts'
import { Demo } from '../support/demo-process.ts'
import { usersCluster } from '../support/users-cluster.ts'

const theirs = usersCluster()
const lease = 'dask-cloud-operator'

/** A case has a command line and, where it has changed something, a way back. */
interface Case {
  readonly words: readonly string[]
  readonly undo?: () => Promise<unknown>
}

const only = async (...words: readonly string[]): Promise<Case> => ({ words })
const ours = (): readonly string[] => ['--kubeconfig', theirs.plane.kubeconfig]

async function servedBy(server: Server): Promise<Case> {
  server.listen(0, '127.0.0.1')
  const sockets = new Set<{ destroy(): void }>()
  server.on('connection', socket => sockets.add(socket))
  const address = await poll(() => server.address() ?? undefined, 5, { signal: AbortSignal.timeout(5_000) })
  const url = `https://127.0.0.1:${(address as AddressInfo).port}`
  const path = await theirs.kubeconfig(({ clusters: [first] }) =>
    Object.assign(first.cluster, { server: url }),
  )
  const undo = async (): Promise<void> => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  return { words: ['--kubeconfig', path], undo }
}

/** A real one of that age cannot be had here; nothing but its version is asked before the demo stops. */
async function anOldOne(): Promise<Server> {
  const folder = join(dirname(theirs.plane.kubeconfig), 'certificates')
  const key = await readFile(join(folder, 'apiserver.key'))
  return createHttpsServer({ key, cert: theirs.plane.authority }, (_, answer) =>
    answer
      .setHeader('content-type', 'application/json')
      .end('{"major":"1","minor":"28+","gitVersion":"v1.28.9"}'),
  )
}

async function asReader(): Promise<Case> {
  const { kubectl } = theirs
  await kubectl(['create', 'serviceaccount', 'reader', '-n', 'default'])
  const view = ['--clusterrole=view', '--serviceaccount=default:reader']
  await kubectl(['create', 'clusterrolebinding', 'reader', ...view])
  const token = (await kubectl(['create', 'token', 'reader', '-n', 'default'])).trim()
  const path = await theirs.kubeconfig(({ users: [first] }) => Object.assign(first.user, { token }))
  return { words: ['--kubeconfig', path] }
}

async function besideAnOperator(): Promise<Case> {
  const renewTime = new Date().toISOString().replace('Z', '000Z')
  const spec = { holderIdentity: 'somebody', leaseDurationSeconds: 15, renewTime }
  const held = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: lease }, spec }
  await theirs.kubectl(['apply', '-n', 'default', '-f', '-'], JSON.stringify(held))
  return { words: ours(), undo: () => theirs.kubectl(['delete', 'lease', lease, '-n', 'default']) }
}

async function withAnotherCrd(): Promise<Case> {
  const { kubectl } = theirs
  await kubectl(['apply', '-f', 'crds/'])
  const path = '/spec/versions/0/schema/openAPIV3Schema/properties/spec/description'
  const patch = JSON.stringify([{ op: 'replace', path, value: 'Of another version.' }])
  await kubectl(['patch', 'crd', 'daskcloudclusters.cloud.dask.org', '--type=json', '-p', patch])
  return { words: ours(), undo: () => kubectl(['delete', '--ignore-not-found', '-f', 'crds/']) }
}

test.each([
  {
    where: 'there is no such file',
    given: () => only('--kubeconfig', '/nowhere/config'),
    says: ['--kubeconfig /nowhere/config: there is no such file'],
  },
  { where: 'it is a folder', given: () => only('--kubeconfig', theirs.folder), says: ['it is a folder'] },
  {
    where: 'it is no kubeconfig',
    given: () => only('--kubeconfig', 'deploy/samples/demo.yaml'),
    says: ['deploy/samples/demo.yaml: this is no kubeconfig'],
  },
  {
    where: 'the context is unknown',
    given: () => only(...ours(), '--context', 'kind-other'),
    says: ['has no context kind-other: it has dask-cloud-operator'],
  },
  {
    where: 'no context is current',
    given: async () => {
      const path = await theirs.kubeconfig(config => Object.assign(config, { 'current-context': '' }))
      return only('--kubeconfig', path)
    },
    says: ['has no current context: say which with --context NAME'],
  },
  {
    where: 'nobody listens',
    given: async () => {
      const { words, undo } = await servedBy(createServer())
      await undo?.()
      return only(...words)
    },
    says: ['does not answer: does the cluster run', 'ECONNREFUSED'],
  },
  {
    where: 'somebody listens and says nothing',
    given: () => servedBy(createServer()),
    says: ['does not answer: does the cluster run', 'nothing came in 3 s'],
  },
  {
    where: 'the API server is too old',
    given: async () => servedBy(await anOldOne()),
    says: ['the API server is Kubernetes v1.28.9: the CRD needs 1.29 or newer'],
  },
  {
    where: 'the token is worth nothing',
    given: async () => {
      const stale = { token: 'stale' }
      return only(
        '--kubeconfig',
        await theirs.kubeconfig(({ users: [first] }) => Object.assign(first.user, stale)),
      )
    },
    says: ['refuses these credentials: are they still valid?'],
  },
  {
    where: 'the user may not do what the demo does',
    given: asReader,
    says: ['may not get customresourcedefinitions, create customres', 'create namespaces', 'create secrets'],
  },
  {
    where: 'another operator holds its lease',
    given: besideAnOperator,
    says: [`it holds the lease default/${lease}`, 'Stop it, or use another cluster. Nothing was changed'],
  },
  {
    where: 'the CRD is there in another version',
    given: withAnotherCrd,
    says: ['daskcloudclusters.cloud.dask.org is there in another version', 'Nothing was changed'],
  },
])('where $where it stops, says what to do and changes nothing', async ({ given, says }) => {
  const { words, undo } = await given()
  const before = await theirs.things()
  const refused = new Demo(theirs.folder, [...words, '--simulated', '3'])
  expect({ code: await refused.end(), said: refused.output }).toMatchObject({ code: 1 })
  for (const text of says) expect(refused.output).toContain(text)
  expect(await theirs.things()).toBe(before)
  await undo?.()
})

test('without a kubectl that is new enough real machines are refused, and simulated ones are not', async () => {
  const { folder } = theirs
  await writeFile(join(folder, 'kubectl'), '#!/bin/sh\necho \'{"clientVersion":{"minor":"20"}}\'\n')
  await chmod(join(folder, 'kubectl'), 0o700)
  const path = `${folder}:${process.env['PATH']}`
  const env = { PATH: path, XDG_CACHE_HOME: folder, KUBEBUILDER_ASSETS: '' }
  const real = new Demo(folder, [...ours()], env)
  expect({ code: await real.end(), said: real.output }).toMatchObject({ code: 1 })
  expect(real.output).toContain('there is no kubectl 1.28 or newer on the PATH: install it')
  const simulated = new Demo(folder, [...ours(), '--simulated', '1'], env)
  await simulated.says('are applied')
  expect({ code: await simulated.end('SIGINT'), said: simulated.output }).toMatchObject({ code: 130 })
})
