import { describe, expect, test } from 'vitest'
import { poll } from '../../src/lib/wait.ts'
import { controlPlane } from '../support/control-plane.ts'
import {
  clientCertificate,
  connected,
  type Fields,
  folder,
  inside,
  kubeconfigOf,
  seenAs,
  watching,
  whoAmI,
} from '../support/kube-user.ts'

const plane = controlPlane()
const within = (ms = 30_000) => ({ signal: AbortSignal.timeout(ms) })
const cluster = (extra: Fields = {}): Fields => ({ server: plane.url, ...inside(plane.authority), ...extra })
const token = (): Promise<string> =>
  plane.kubectl(['create', 'token', 'default', '-n', plane.namespace, '--duration', '10m'])

/** The longest until a file that was replaced is used: "within seconds". */
const secondsMs = 8_000

/** What a kubelet would mount. */
const pod = async (files: { readonly token?: string; readonly authority?: string } = {}) => {
  const at = await folder()
  const { hostname, port } = new URL(plane.url)
  await at.write('token', files.token ?? (await token()))
  await at.write('ca.crt', files.authority ?? plane.authority)
  await at.write('namespace', `${plane.namespace}\n`)
  const env = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port }
  return { at, options: { env, serviceAccount: at.path } }
}

describe('a client certificate', () => {
  test('stands in the kubeconfig itself', async () => {
    const at = await folder()
    const { certificate, key } = clientCertificate(plane.usersAuthority, 'ada')
    const user = {
      'client-certificate-data': Buffer.from(certificate).toString('base64'),
      'client-key-data': Buffer.from(key).toString('base64'),
    }
    const kube = await connected({ kubeconfig: await at.write('config', kubeconfigOf(cluster(), user)) })
    expect(await whoAmI(kube, within())).toMatchObject({ name: 'ada' })
  })

  test('in files is replaced without a restart, half of it at a time, and a watch goes on', async () => {
    const at = await folder()
    const reader = `reader-${plane.namespace}`
    const first = clientCertificate(plane.usersAuthority, reader)
    await plane.kubectl([
      'create',
      'rolebinding',
      'reader',
      '-n',
      plane.namespace,
      '--clusterrole=view',
      `--user=${reader}`,
    ])
    await at.write('user.crt', first.certificate)
    await at.write('user.key', first.key)
    const user = { 'client-certificate': 'user.crt', 'client-key': 'user.key' }
    const problems: unknown[] = []
    const kube = await connected({
      kubeconfig: await at.write('config', kubeconfigOf(cluster(), user)),
      onProblem: error => problems.push(error),
    })
    expect(await whoAmI(kube, within())).toMatchObject({ name: reader })
    const watch = await watching(kube, plane.namespace)
    const heir = clientCertificate(plane.usersAuthority, 'heir')
    await at.write('user.crt', heir.certificate)
    // A certificate and another's key: what was there before goes on.
    await poll(
      async () => {
        expect(await whoAmI(kube, within())).toMatchObject({ name: reader })
        return problems[0]
      },
      50,
      within(secondsMs),
    )
    expect(String(problems[0])).toContain('the client certificate and its key cannot be used')
    await at.write('user.key', heir.key)
    await seenAs(kube, ({ name }) => name === 'heir')
    await plane.kubectl(['create', 'configmap', 'after', '-n', plane.namespace])
    await poll(() => (watch.names.includes('after') ? true : undefined), 20, within())
    expect(await Promise.race([watch.end, Promise.resolve('goes on')])).toBe('goes on')
  })

  test('that has ended is replaced after its 401', async () => {
    const at = await folder()
    const old = clientCertificate(plane.usersAuthority, 'late', -1_000)
    await at.write('user.crt', old.certificate)
    await at.write('user.key', old.key)
    const user = { 'client-certificate': 'user.crt', 'client-key': 'user.key' }
    const kube = await connected({ kubeconfig: await at.write('config', kubeconfigOf(cluster(), user)) })
    await expect(whoAmI(kube, within())).rejects.toMatchObject({ status: 401 })
    const fresh = clientCertificate(plane.usersAuthority, 'late')
    await at.write('user.crt', fresh.certificate)
    await at.write('user.key', fresh.key)
    expect(await whoAmI(kube, within())).toMatchObject({ name: 'late' })
  })
})

describe('in a pod', () => {
  test('the account is the pod’s, and so is the namespace', async () => {
    const { options } = await pod()
    const kube = await connected(options)
    expect(kube.namespace).toBe(plane.namespace)
    expect((await whoAmI(kube, within())).name).toBe(`system:serviceaccount:${plane.namespace}:default`)
  })

  test('a token that was rotated is used within seconds', async () => {
    const { at, options } = await pod()
    const kube = await connected(options)
    const before = await whoAmI(kube, within())
    await at.write('token', await token())
    const after = await seenAs(kube, ({ credential }) => credential !== before.credential)
    expect(after.name).toBe(before.name)
  })

  test('and at once where the old one is refused', async () => {
    const { at, options } = await pod({ token: 'of-another-time' })
    const kube = await connected(options)
    await at.write('token', await token())
    expect((await whoAmI(kube, within())).name).toBe(`system:serviceaccount:${plane.namespace}:default`)
  })

  test('an authority that was rotated is used within seconds, an empty file never', async () => {
    const stranger = clientCertificate(plane.usersAuthority, 'stranger').certificate
    const { at, options } = await pod({ authority: stranger })
    const kube = await connected(options)
    await expect(whoAmI(kube, within())).rejects.toMatchObject({ status: 0, reason: 'Unreachable' })
    await at.write('ca.crt', plane.authority)
    const self = () => whoAmI(kube, within()).catch(() => undefined)
    const before = await poll(self, 50, within(secondsMs))
    await at.write('ca.crt', '')
    await at.write('token', '')
    const problems = await poll(
      async () => ((await self()) === undefined ? 'failed' : undefined),
      50,
      within(6_000),
    ).catch(() => 'none')
    expect(problems).toBe('none')
    expect(await whoAmI(kube, within())).toEqual(before)
  })
})

describe('a kubeconfig', () => {
  test('lets one act as somebody else, with the groups that it names', async () => {
    const at = await folder()
    const user = { token: plane.token, as: 'bob', 'as-groups': ['one', 'two'] }
    const kube = await connected({ kubeconfig: await at.write('config', kubeconfigOf(cluster(), user)) })
    const self = await whoAmI(kube, within())
    expect(self.name).toBe('bob')
    expect(self.groups).toEqual(expect.arrayContaining(['one', 'two']))
  })

  test('that is edited changes who we are, and never where', async () => {
    const at = await folder()
    const config = kubeconfigOf(cluster(), { token: plane.token })
    const problems: unknown[] = []
    const kube = await connected({
      kubeconfig: await at.write('config', config),
      onProblem: error => problems.push(error),
    })
    expect((await whoAmI(kube, within())).name).toBe('admin')
    const elsewhere = kubeconfigOf(cluster({ server: 'https://203.0.113.1' }), { token: 'for somebody else' })
    await at.write('config', elsewhere)
    await poll(
      async () => {
        expect((await whoAmI(kube, within())).name).toBe('admin')
        return problems[0]
      },
      50,
      within(secondsMs),
    )
    expect(String(problems[0])).toContain('names another server than at the start')
    await at.write('config', {
      ...kubeconfigOf(cluster(), { token: plane.token, as: 'bob' }),
      'current-context': 'another',
    })
    await seenAs(kube, ({ name }) => name === 'bob')
  })
})
