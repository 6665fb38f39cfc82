import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const kubeconfig = JSON.stringify({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'a', cluster: { server: 'https://127.0.0.1:1' } }],
  users: [{ name: 'a', user: { token: 'x' } }],
  contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
  'current-context': 'a',
})

test('a port that is taken is told with the setting that names it, and without a trace', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'program-'))
  const taken = createServer().listen(0, '127.0.0.1')
  try {
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const path = join(folder, 'kubeconfig')
    await writeFile(path, kubeconfig)
    const words = [
      'src/main.ts',
      '--kubeconfig',
      path,
      '--http-address',
      `127.0.0.1:${port}`,
      '--log-format',
      'text',
    ]
    const run = promisify(execFile)(process.execPath, words)
    await expect(run).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringContaining('see --http-address'),
    })
    await expect(run).rejects.toMatchObject({ stdout: expect.not.stringContaining('    at ') })
  } finally {
    taken.close()
    await rm(folder, { recursive: true, force: true })
  }
})
