import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { poll } from '../../src/lib/wait.ts'
import { controlPlane } from '../support/control-plane.ts'

const plane = controlPlane()

test('an object whose owner is deleted goes by itself', async () => {
  const make = (name: string, metadata: object): Promise<string> =>
    plane.kubectl(
      ['create', '-n', plane.namespace, '-o', 'jsonpath={.metadata.uid}', '-f', '-'],
      JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata } }),
    )
  const uid = await make('owner', {})
  await make('owned', { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid }] })
  await plane.kubectl(['delete', 'configmap', 'owner', '-n', plane.namespace])
  await plane.kubectl(['wait', '--for=delete', 'configmap/owned', '-n', plane.namespace, '--timeout=60s'])
  expect(await plane.kubectl(['get', 'configmaps', '-n', plane.namespace, '-o', 'name'])).toBe('')
})

test('a service account may do what its role says and nothing else', async () => {
  const inside = ['-n', plane.namespace]
  await plane.kubectl(['create', 'serviceaccount', 'reader', ...inside])
  await plane.kubectl(['create', 'role', 'reads', '--verb=get', '--resource=configmaps', ...inside])
  const subject = `${plane.namespace}:reader`
  await plane.kubectl([
    'create',
    'rolebinding',
    'reads',
    '--role=reads',
    `--serviceaccount=${subject}`,
    ...inside,
  ])
  const token = (await plane.kubectl(['create', 'token', 'reader', ...inside])).trim()
  // A kubeconfig's own token wins over --token, so this one has no user.
  const as = [
    '--kubeconfig=/dev/null',
    `--server=${plane.url}`,
    '--insecure-skip-tls-verify',
    `--token=${token}`,
  ]
  const tried = (verb: string): Promise<string> =>
    plane.kubectl([...as, verb, 'configmap', 'absent', ...inside])
  await expect(tried('get')).rejects.toThrow('NotFound')
  await expect(tried('delete')).rejects.toThrow('Forbidden')
})

test('nothing is left behind when the process that started it is killed', async () => {
  const starter = spawn(process.execPath, ['scripts/controlplane/cli.ts', 'start'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [line] = await once(createInterface({ input: starter.stdout }), 'line')
  const kubeconfig = String(line).replace('export KUBECONFIG=', '')
  const { clusters } = JSON.parse(
    await plane.kubectl(['config', 'view', '-o', 'json', `--kubeconfig=${kubeconfig}`]),
  )
  const url = String(clusters[0].cluster.server)
  starter.kill('SIGKILL')
  const signal = AbortSignal.timeout(30_000)
  await poll(async () => ((await exists(dirname(kubeconfig))) ? undefined : true), 50, { signal })
  await expect(fetch(url)).rejects.toThrow(
    expect.objectContaining({ cause: expect.objectContaining({ code: 'ECONNREFUSED' }) }),
  )
})

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
