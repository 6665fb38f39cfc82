import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isRecord } from '../../src/lib/parse.ts'
import { poll } from '../../src/lib/wait.ts'
import { controlPlane } from '../support/control-plane.ts'
import {
  clientCertificate,
  connected,
  type Fields,
  folder,
  inSeconds,
  inside,
  kubeconfigOf,
  plugin,
  seenAs,
  whoAmI,
} from '../support/kube-user.ts'

const plane = controlPlane()
const within = (ms = 30_000) => ({ signal: AbortSignal.timeout(ms) })
const cluster = (extra: Fields = {}): Fields => ({ server: plane.url, ...inside(plane.authority), ...extra })
/** A new namespace has its service account a moment later. */
const token = (): Promise<string> =>
  poll(
    () =>
      plane
        .kubectl(['create', 'token', 'default', '-n', plane.namespace, '--duration', '10m'])
        .catch(() => undefined),
    200,
    within(),
  )

const runs = async (at: { path: string }): Promise<number> =>
  (await readFile(join(at.path, 'runs'), 'utf8')).trim().split('\n').length

const prepared = async () => {
  const at = await folder()
  const program = await plugin(at)
  const kubeconfig = await at.write('config', kubeconfigOf(cluster(), { exec: program.exec }))
  return { at, program, kubeconfig }
}

test('a credential plugin gives a token, is run once for many requests, and again when that ends', async () => {
  const { at, program, kubeconfig } = await prepared()
  const other = await token()
  await program.gives({ token: plane.token, expirationTimestamp: inSeconds(20) })
  const kube = await connected({ kubeconfig })
  await Promise.all(Array.from({ length: 50 }, () => whoAmI(kube, within())))
  expect(await whoAmI(kube, within())).toMatchObject({ name: 'admin' })
  expect(await runs(at)).toBe(1)
  await program.gives({ token: other.trim(), expirationTimestamp: inSeconds(600) })
  const self = await seenAs(kube, ({ name }) => name !== 'admin', 40_000)
  expect(self.name).toBe(`system:serviceaccount:${plane.namespace}:default`)
  expect(await runs(at)).toBe(2)
})

test('a credential plugin gives a client certificate', async () => {
  const { at, program, kubeconfig } = await prepared()
  const { certificate, key } = clientCertificate(plane.usersAuthority, 'grace')
  await program.gives({ clientCertificateData: certificate, clientKeyData: key })
  const kube = await connected({ kubeconfig })
  expect(await whoAmI(kube, within())).toMatchObject({ name: 'grace' })
  expect(await runs(at)).toBe(1)
})

test('a credential plugin is run again for a 401, once for all who had it', async () => {
  const { at, program, kubeconfig } = await prepared()
  await program.gives({ token: 'revoked' })
  const kube = await connected({ kubeconfig })
  // It has to rest after a run: a refusal before that is the caller's.
  await program.gives({ token: plane.token })
  const look = () => whoAmI(kube, within()).catch(() => undefined)
  const all = await poll(
    async () => {
      const selves = await Promise.all(Array.from({ length: 20 }, look))
      return selves.some(self => self !== undefined) ? selves : undefined
    },
    100,
    within(15_000),
  )
  expect(all.filter(self => self?.name === 'admin').length).toBeGreaterThan(0)
  expect(await runs(at)).toBe(2)
})

test('a credential plugin that fails or hangs once it has worked ends nothing that still works', async () => {
  const { at, program, kubeconfig } = await prepared()
  await program.gives({ token: plane.token, expirationTimestamp: inSeconds(1) })
  const problems: unknown[] = []
  const kube = await connected({ kubeconfig, onProblem: error => problems.push(error) })
  await at.write('manner', 'fail')
  await poll(
    async () => {
      expect(await whoAmI(kube, within())).toMatchObject({ name: 'admin' })
      return problems.length > 0 ? true : undefined
    },
    50,
    within(15_000),
  )
  expect(problems[0]).toMatchObject({ reason: 'Configuration' })
  expect(String(problems[0])).toContain('no session for [redacted]')
  await at.write('manner', 'hang')
  const failed = await runs(at)
  await poll(
    async () => {
      const began = performance.now()
      expect(await whoAmI(kube, within())).toMatchObject({ name: 'admin' })
      expect(performance.now() - began).toBeLessThan(5_000)
      return (await runs(at)) > failed ? true : undefined
    },
    50,
    within(20_000),
  )
  expect(await whoAmI(kube, within())).toMatchObject({ name: 'admin' })
})

test('a lease does not wait for one that hangs', async () => {
  const { at, program, kubeconfig } = await prepared()
  await program.gives({ token: 'revoked' })
  const kube = await connected({ kubeconfig })
  await at.write('manner', 'hang')
  const path = `/apis/coordination.k8s.io/v1/namespaces/${plane.namespace}/leases/none`
  const ask = () => kube.leases.request({ method: 'GET', path, deadlineMs: 500 }, within())
  const late = async (): Promise<unknown> => {
    const error: unknown = await ask().catch((failure: unknown) => failure)
    return isRecord(error) && error['reason'] === 'Timeout' ? error : undefined
  }
  expect(await poll(late, 50, within(15_000))).toMatchObject({
    message: 'there were no credentials for the API server in time',
  })
})
