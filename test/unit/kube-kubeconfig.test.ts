import { join } from 'node:path'
import { expect, test } from 'vitest'
import { KubeError } from '../../src/kube/fault.ts'
import { Kubeconfigs } from '../../src/kube/kubeconfig.ts'
import { findAccess, type Source } from '../../src/kube/source.ts'
import { type Fields, folder, kubeconfigOf } from '../support/kube-user.ts'

const server = 'https://203.0.113.1:6443'

const find = (source: Source) => findAccess({ env: {}, ...source }, new Kubeconfigs())

const problem = (source: Source): Promise<string> =>
  find(source).then(
    () => 'none',
    (error: unknown) => {
      expect(error).toBeInstanceOf(KubeError)
      expect(error).toMatchObject({ status: 0, reason: 'Configuration' })
      return error instanceof Error ? error.message : ''
    },
  )

test('several files are joined: the first that names a thing is right, and one may be missing', async () => {
  const at = await folder()
  const one = await at.write('one', {
    ...kubeconfigOf({ server }, { token: 'first' }),
    'current-context': '',
  })
  const two = await at.write('two', {
    ...kubeconfigOf({ server: 'https://other' }, { token: 'second' }),
    contexts: [{ name: 'two', context: { cluster: 'cluster', user: 'ada' } }],
    'current-context': 'two',
  })
  const { access, context } = await find({ env: { KUBECONFIG: [one, join(at.path, 'none'), two].join(':') } })
  expect(context).toBe('two')
  expect(access).toMatchObject({ server, token: { kind: 'text', text: 'first' } })
})

test('paths are relative to the file, data wins over a file, and a token file over a token', async () => {
  const at = await folder()
  const cluster = { server: `${server}/`, 'certificate-authority': 'ca.crt', 'tls-server-name': 'kubernetes' }
  const user = {
    'client-certificate': '/etc/ada.crt',
    'client-certificate-data': Buffer.from('inside').toString('base64'),
    'client-key': 'ada.key',
    token: 'old',
    tokenFile: 'token',
    as: 'bob',
    'as-groups': ['one', 'two'],
    'as-user-extra': { 'example.com/Reason': ['test'] },
  }
  const { access } = await find({ kubeconfig: await at.write('config', kubeconfigOf(cluster, user)) })
  expect(access).toMatchObject({
    server,
    serverName: 'kubernetes',
    authority: { kind: 'file', path: join(at.path, 'ca.crt') },
    certificate: { kind: 'text', text: 'inside' },
    key: { kind: 'file', path: join(at.path, 'ada.key') },
    token: { kind: 'file', path: join(at.path, 'token') },
    headers: {
      'impersonate-user': 'bob',
      'impersonate-group': ['one', 'two'],
      'impersonate-extra-example.com%2Freason': ['test'],
    },
  })
})

test('a pod has its own account, and a host that is an IPv6 address', async () => {
  const at = await folder()
  await at.write('token', 'own')
  await at.write('namespace', 'ops\n')
  const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' }
  const { access, context } = await find({ env, serviceAccount: at.path })
  expect(context).toBeUndefined()
  expect(access).toMatchObject({
    server: 'https://[fd00::1]:443',
    token: { kind: 'file', path: join(at.path, 'token') },
    authority: { kind: 'file', path: join(at.path, 'ca.crt') },
    namespace: { kind: 'file', path: join(at.path, 'namespace') },
  })
})

const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'get-token' }
const refused: readonly { given: string; cluster?: Fields; user?: Fields; config?: Fields; says: RegExp }[] =
  [
    { given: 'no server', cluster: {}, says: /clusters\[cluster\]\.cluster\.server: must be a text/ },
    {
      given: 'a server that is no URL',
      cluster: { server: 'here' },
      says: /server: must be a URL .* found "here"/,
    },
    {
      given: 'an authority that is not asked',
      cluster: { server, 'insecure-skip-tls-verify': true, 'certificate-authority': 'x' },
      says: /insecure-skip-tls-verify: must not be true where certificate-authority is given/,
    },
    {
      given: 'a token that is a number',
      user: { token: 4711 },
      says: /users\[ada\]\.user\.token: must be a text, found a number/,
    },
    {
      given: 'an old way to log in',
      user: { 'auth-provider': { name: 'oidc' } },
      says: /auth-provider: is not supported; use exec/,
    },
    {
      given: 'a plugin that asks',
      user: { exec: { ...exec, interactiveMode: 'Always' } },
      says: /exec\.interactiveMode: is Always/,
    },
    {
      given: 'a plugin of another time',
      user: { exec: { ...exec, apiVersion: 'v0' } },
      says: /exec\.apiVersion: must be one of/,
    },
    { given: 'no command', user: { exec: { ...exec, command: '' } }, says: /exec\.command: must be a text/ },
    {
      given: 'no current context',
      config: { 'current-context': '' },
      says: /has no current-context; there are c/,
    },
    {
      given: 'a user that is not there',
      config: { users: [] },
      says: /contexts\[c\]\.context\.user: names ada, which is not there/,
    },
    { given: 'users that are no list', config: { users: 'x' }, says: /users: must be a list/ },
  ]

test.each(refused)(
  '$given: the message names the field',
  async ({ cluster = { server }, user = {}, config, says }) => {
    const at = await folder()
    const kubeconfig = await at.write('config', { ...kubeconfigOf(cluster, user), ...config })
    const said = await problem({ kubeconfig })
    expect(said).toMatch(says)
    expect(said).toContain(kubeconfig)
    expect(said).not.toContain('4711')
  },
)

test('a file that is not YAML is refused, and nothing of it is shown', async () => {
  const at = await folder()
  const kubeconfig = await at.write('config', 'token: "not-to-be-seen\nusers: [')
  const said = await problem({ kubeconfig })
  expect(said).toContain('must be YAML or JSON')
  expect(said).not.toContain('not-to-be-seen')
})

test('where there is nothing, it says what was looked for', async () => {
  const at = await folder()
  const env = { HOME: at.path, KUBERNETES_SERVICE_HOST: '10.0.0.1' }
  const said = await problem({ env, serviceAccount: join(at.path, 'none') })
  expect(said).toContain(join(at.path, '.kube', 'config'))
  expect(said).toContain('automountServiceAccountToken')
  expect(await problem({ env, kubeconfig: undefined, context: 'x' })).toContain('KUBECONFIG is not set')
})
