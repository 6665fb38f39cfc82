import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Plugin } from '../../src/kube/access.ts'
import { KubeError } from '../../src/kube/fault.ts'
import { Kubeconfigs } from '../../src/kube/kubeconfig.ts'
import { runPlugin } from '../../src/kube/plugin-run.ts'
import { poll } from '../../src/lib/wait.ts'
import { execCredential, type Fields, folder, inSeconds, kubeconfigOf, plugin } from '../support/kube-user.ts'

const call = { signal: new AbortController().signal }
const options = { authority: 'the authority', deadlineMs: 20_000 }

/** A plugin in a folder, as a kubeconfig says it. */
async function prepared(exec: Fields = {}) {
  const at = await folder()
  const program = await plugin(at, exec)
  const cluster = {
    server: 'https://203.0.113.1',
    'proxy-url': 'http://proxy:1',
    extensions: [{ name: 'client.authentication.k8s.io/exec', extension: { audience: 'us' } }],
  }
  const file = await at.write('config', kubeconfigOf(cluster, { exec: program.exec }))
  const { access } = await new Kubeconfigs().read([file], undefined)
  if (access.plugin === undefined) throw new Error('no plugin')
  return { at, program, settings: access.plugin }
}

const problem = (settings: Plugin, deadlineMs = options.deadlineMs): Promise<string> =>
  runPlugin(settings, { ...options, deadlineMs }, call).then(
    () => 'none',
    (error: unknown) => {
      expect(error).toBeInstanceOf(KubeError)
      expect(error).toMatchObject({ status: 0, reason: 'Configuration' })
      return error instanceof Error ? error.message : ''
    },
  )

test('it is told what kubectl tells, and its credential is taken', async () => {
  const { at, program, settings } = await prepared({ provideClusterInfo: true })
  const until = inSeconds(60)
  await program.gives({ token: 'abc', expirationTimestamp: until })
  expect(await runPlugin(settings, options, call)).toEqual({
    token: 'abc',
    certificate: undefined,
    key: undefined,
    expiresAt: Date.parse(until),
  })
  expect(JSON.parse(await readFile(join(at.path, 'runs'), 'utf8'))).toEqual({
    kind: 'ExecCredential',
    apiVersion: 'client.authentication.k8s.io/v1',
    spec: {
      interactive: false,
      cluster: {
        server: 'https://203.0.113.1',
        'proxy-url': 'http://proxy:1',
        'certificate-authority-data': Buffer.from('the authority').toString('base64'),
        config: { audience: 'us' },
      },
    },
  })
  expect(await readFile(join(at.path, 'words'), 'utf8')).toBe('open-sesame --for tests\n')
})

test('one that is not installed is named, with its hint', async () => {
  const { settings } = await prepared({ command: 'no-such-plugin', installHint: 'see example.com/plugin' })
  expect(await problem(settings)).toBe(
    'the credentials of the user ada cannot be had: the plugin no-such-plugin cannot be started (ENOENT); install it, or put ' +
      'its whole path into exec.command (see example.com/plugin); run it by hand as the operator’s user to see more',
  )
})

test('one that fails is quoted without its secrets', async () => {
  const { at, settings } = await prepared()
  await at.write('manner', 'fail')
  expect(await problem(settings)).toMatch(/plugin\.sh ended with exit code 3: no session for \[redacted\];/)
})

const hanging = '#!/bin/sh\nsleep 600 & echo $! > "$(dirname "$0")/child"\nwait\n'

const within = () => ({ signal: AbortSignal.timeout(10_000) })

/** Waits until a process of that plugin has begun, and says how it will be known to be gone. */
async function childOf(at: { readonly path: string }): Promise<{ readonly isGone: () => Promise<true> }> {
  const begun = async () =>
    Number(await readFile(join(at.path, 'child'), 'utf8').catch(() => '')) || undefined
  const child = await poll(begun, 20, within())
  const state = () => readFile(`/proc/${child}/stat`, 'utf8').catch(() => 'gone')
  const end = async (): Promise<true | undefined> => (/^gone$|\) Z /.test(await state()) ? true : undefined)
  return { isGone: () => poll(end, 20, within()) }
}

test('one that hangs is killed with what it has started', async () => {
  const { at, settings } = await prepared()
  await at.write('plugin.sh', hanging, 0o700)
  expect(await problem(settings, 5_000)).toContain('did not end within 5 s and was killed without a word')
  expect(await (await childOf(at)).isGone()).toBe(true)
})

test('one that is not needed any more is killed with what it has started', async () => {
  const { at, settings } = await prepared()
  await at.write('plugin.sh', hanging, 0o700)
  const stop = new AbortController()
  const running = runPlugin(settings, options, stop)
  const child = await childOf(at)
  stop.abort(new Error('enough'))
  await expect(running).rejects.toThrow('was stopped with the connection it was for')
  expect(await child.isGone()).toBe(true)
})

test.each([
  { printed: '', says: 'its output: is empty' },
  { printed: 'token-4711', says: 'its output: is not JSON' },
  { printed: [], says: 'its output: must be an object, found a list' },
  { printed: { kind: 'Pod' }, says: 'kind: must be one of ExecCredential, found "Pod"' },
  {
    printed: execCredential({ token: 'x' }, 'client.authentication.k8s.io/v1beta1'),
    says: 'apiVersion: must be one of',
  },
  { printed: execCredential({}), says: 'status: must have a token, or' },
  { printed: execCredential({ clientCertificateData: 'x' }), says: 'status: must have both' },
  { printed: execCredential({ token: 4711 }), says: 'status.token: must be a text' },
  {
    printed: execCredential({ token: 'x', expirationTimestamp: 'noon' }),
    says: 'must be a time as RFC 3339',
  },
  { printed: 'x'.repeat(1_100_000), says: 'printed more than 1048576 bytes' },
])('one that prints what is no credential is refused: $says', async ({ printed, says }) => {
  const { at, settings } = await prepared()
  await at.write('answer', typeof printed === 'string' ? printed : JSON.stringify(printed))
  const said = await problem(settings)
  expect(said).toContain(says)
  expect(said).not.toContain('4711')
})
