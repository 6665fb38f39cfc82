import assert from 'node:assert/strict'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { connectGcp } from '../../src/clouds/gcp/connect.ts'
import { parseCredentials } from '../../src/clouds/gcp/credentials.ts'
import { roleFor } from '../../src/clouds/gcp/policy.ts'
import type { GcpCloud } from '../../src/clouds/gcp/provider.ts'
import { parseSettings } from '../../src/clouds/gcp/settings.ts'
import { poll } from '../../src/lib/wait.ts'
import { installationId } from '../../src/model/names.ts'
import { addAccount, addKey } from '../support/gcp/accounts.ts'
import { aGcpGround, type GcpGround, homeProject, homeRegion } from '../support/gcp/gcp-ground.ts'
import { computeModel } from '../support/gcp/model.ts'
import type { Account } from '../support/gcp/world.ts'
import { aLaunchRequest, anOwner } from '../support/launch-request.ts'

const call = { signal: AbortSignal.timeout(120_000) }
const machines = `machines@${homeProject}.iam.gserviceaccount.com`
const host = 'dask-host'
let ground: GcpGround

beforeEach(async () => {
  ground = await aGcpGround({ model: await computeModel(), tempo: { startMs: 0, endMs: 0 } })
  for (const [name, value] of Object.entries(ground.environment)) vi.stubEnv(name, value)
  ground.home.catalog.images.set(`${homeProject}/dask-1`, {
    seq: 1,
    project: homeProject,
    name: 'dask-1',
    family: 'dask',
    architecture: 'X86_64',
    diskSizeGb: 10,
  })
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await ground[Symbol.asyncDispose]()
  assert.deepEqual(ground.differing(), [], 'what differs from the discovery document')
})

/** What Google asked whether the account may do it. */
interface Asked {
  readonly account: Account
  readonly permissions: Set<string>
}

function anAccount(name: string, may: readonly string[], inProject = homeProject): Asked {
  const account = addAccount(ground.gce.world, { name, project: homeProject, may: new Set() })
  const asked: Asked = { account, permissions: new Set() }
  grant(asked, inProject, may)
  account.actsAs = new Set([machines])
  return asked
}

function grant({ account, permissions }: Asked, project: string, may: readonly string[]): void {
  const held = new Set(may)
  const has = held.has.bind(held)
  held.has = permission => {
    permissions.add(permission)
    return has(permission)
  }
  account.grants.set(project, held)
}

function opened({ account }: Asked, more: object): Promise<GcpCloud> {
  const file = addKey(account, ground.gce.tokenEndpoint)
  const secret = { 'credentials.json': JSON.stringify(file) }
  return connectGcp(
    parseSettings({ project: homeProject, region: homeRegion, ...more }, 'spec.cloud.gcp'),
    parseCredentials(secret, 'spec.credentialsSecretRef'),
    { installation: installationId('ours'), sealingKey: 'key', stateDirectory: '' },
  )
}

/** A cluster's whole life: made, opened to others, looked at, ended. */
async function lived(cloud: GcpCloud): Promise<void> {
  const owner = anOwner()
  const wish = { owner, exposure: 'Public', admitted: ['203.0.113.0/24'] } as const
  await cloud.reserveAddress(wish, call)
  const address = await cloud.reserveAddress(
    { ...wish, admitted: ['198.51.100.0/24', '2001:db8::/32'] },
    call,
  )
  for (const role of ['scheduler', 'worker'] as const) {
    const needs = { owner, role, sizes: [], purchasing: 'OnDemand', address } as const
    const [offering = ''] = await cloud.offerings(needs, call)
    const request = aLaunchRequest({
      ...needs,
      offering,
      userData: '#cloud-config\n{}\n',
      count: role === 'worker' ? 2 : 1,
    })
    await cloud.launch(request, call)
  }
  const all = await poll(
    async () => {
      const { machines: seen } = await cloud.list(call)
      return seen.length === 3 && seen.every(({ state }) => state.kind === 'running') ? seen : undefined
    },
    50,
    call,
  )
  for (const { id } of all) await cloud.console(id, call)
  await cloud.terminate(
    all.map(({ id }) => id),
    call,
  )
  await poll(async () => ((await cloud.list(call)).machines.length === 0 ? true : undefined), 50, call)
  await cloud.releaseAddress(owner.uid, call)
  await cloud.close()
}

const refused = () => ground.gce.ledger.filter(({ status }) => status === 403).map(({ method }) => method)

/** Of calls that this life does not make, or that the simulated project does not know or mind. */
const unseen = [
  'compute.disks.setLabels',
  'compute.images.getFromFamily',
  'compute.instances.addAccessConfig',
  'compute.instances.deleteAccessConfig',
  'compute.subnetworks.get',
]

test('the printed role is enough for all that a cluster needs, and holds nothing that Google does not ask for', async () => {
  const role = roleFor({ of: 'all', makesRules: true, givesServiceAccounts: true }).includedPermissions
  const asked = anAccount('whole', role)
  const settings = {
    image: { name: 'dask-1' },
    serviceAccount: { email: machines },
    sshCIDRs: ['198.51.100.0/24'],
    labels: { team: 'a' },
  }
  await lived(await opened(asked, settings))
  expect(refused()).toEqual([])
  expect(ground.left()).toEqual([])
  expect(unseen).toEqual(expect.arrayContaining(role.filter(each => !asked.permissions.has(each))))
  expect([...asked.permissions].filter(permission => !role.includes(permission))).toEqual([])
})

test('the halves of a shared network’s role are enough in their two projects', async () => {
  ground.gce.world.project(host)
  const wish = { makesRules: false, givesServiceAccounts: false }
  const asked = anAccount('halves', roleFor({ ...wish, of: 'service' }).includedPermissions)
  grant(asked, host, roleFor({ ...wish, of: 'host' }).includedPermissions)
  await lived(
    await opened(asked, {
      subnetwork: `projects/${host}/regions/${homeRegion}/subnetworks/default`,
      firewall: 'None',
    }),
  )
  expect(refused()).toEqual([])
  expect(ground.left()).toEqual([])
})

test('who may not give machines a service account is told what to run', async () => {
  const role = roleFor({ of: 'all', makesRules: true, givesServiceAccounts: false }).includedPermissions
  const cloud = await opened(anAccount('less', role), { serviceAccount: { email: machines } })
  await expect(lived(cloud)).rejects.toMatchObject({
    fault: 'unauthorized',
    message: expect.stringContaining('npm run iam-policy -- gcp'),
  })
})
