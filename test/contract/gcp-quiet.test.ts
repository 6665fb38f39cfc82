import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { offeringIn, someGcpClouds } from '../support/gcp/clouds.ts'
import { homeProject, homeRegion } from '../support/gcp/gcp-ground.ts'

/** A process whose surroundings ask Google's libraries to print all that they do. */
const story = `
const { gcp } = await import('./src/clouds/gcp/gcp.ts')
const { aLaunchRequest } = await import('./test/support/launch-request.ts')
const settings = gcp.parse({ project: '${homeProject}', region: '${homeRegion}' }, '')
const secret = gcp.credentials({ 'credentials.json': process.env.KEY }, '')
const cloud = await gcp.connect(settings, secret, { installation: 'ours', sealingKey: 'key', stateDirectory: '' })
const call = { signal: AbortSignal.timeout(30_000) }
const made = await cloud.launch(aLaunchRequest({ offering: '${offeringIn(`${homeRegion}-a`)}', userData: 'private-words' }), call)
await cloud.terminate(made.machines, call)
await cloud.close()
console.log('made ' + made.machines.length)
`

test('neither user data nor a token is printed, whatever the surroundings ask of Google’s libraries', async () => {
  await using ground = await someGcpClouds()
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module-typescript', '--eval', story],
    {
      env: {
        ...process.env,
        ...ground.environment,
        KEY: JSON.stringify(ground.keyFile),
        GOOGLE_SDK_NODE_LOGGING: 'all',
      },
      timeout: 60_000,
    },
  )
  expect(stdout).toBe('made 1\n')
  expect(stderr).not.toMatch(/private-words|access_token|Bearer|BEGIN/)
})
