import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { type CallFacts, calls } from '../../src/clouds/gcp/calls.ts'
import { roleFor } from '../../src/clouds/gcp/policy.ts'

const facts: readonly (readonly [string, CallFacts])[] = Object.entries(calls)
const whole = { of: 'all', makesRules: true, givesServiceAccounts: true } as const
const permissionsOf = (wish: Parameters<typeof roleFor>[0]): readonly string[] =>
  roleFor(wish).includedPermissions

test.each(facts)('%s may be made with the whole role', (_name, needed) => {
  const { permissions, network = [], firewall = [], withServiceAccount = [] } = needed
  const all = [...permissions, ...network, ...firewall, ...withServiceAccount]
  expect(all).not.toEqual([])
  expect(permissionsOf(whole)).toEqual(expect.arrayContaining(all))
})

test('nothing is granted that no call needs, and nothing twice', () => {
  const needed = facts.flatMap(
    ([, { permissions, network = [], firewall = [], withServiceAccount = [] }]) => [
      ...permissions,
      ...network,
      ...firewall,
      ...withServiceAccount,
    ],
  )
  expect(permissionsOf(whole)).toEqual([...new Set(needed)].toSorted())
})

test('a role of a project lets nobody act as an account', () => {
  expect(permissionsOf(whole).filter(each => each.startsWith('iam.'))).toEqual([])
})

test('the halves of a shared VPC are all but the rules, and neither has what only the other needs', () => {
  const [service, host] = [
    permissionsOf({ ...whole, of: 'service' }),
    permissionsOf({ ...whole, of: 'host' }),
  ]
  expect([...service, ...host].toSorted()).toEqual(permissionsOf({ ...whole, makesRules: false }))
  expect(host.filter(each => !/networks|subnetworks/.test(each))).toEqual([])
})

test('who makes no rules may make none', () => {
  const changes = /firewalls\.(create|update|delete)|updatePolicy|globalOperations/
  expect(permissionsOf(whole).filter(each => changes.test(each))).toHaveLength(5)
  expect(permissionsOf({ ...whole, makesRules: false }).filter(each => changes.test(each))).toEqual([])
})

test('an account is given to machines only where it was asked for', () => {
  const setting = 'compute.instances.setServiceAccount'
  expect(permissionsOf(whole)).toContain(setting)
  expect(permissionsOf({ ...whole, givesServiceAccounts: false })).not.toContain(setting)
})

const printed = (...words: readonly string[]) =>
  promisify(execFile)(process.execPath, ['scripts/iam-policy.ts', 'gcp', ...words])

test('what is printed is a file for gcloud, with what is granted elsewhere above it', async () => {
  const email = 'machines@acme-data.iam.gserviceaccount.com'
  const key = 'projects/acme-keys/locations/global/keyRings/r/cryptoKeys/k'
  const { stdout } = await printed('--service-account', email, '--kms-key', key)
  expect(parse(stdout)).toEqual(roleFor(whole))
  expect(stdout).toContain(`# gcloud iam service-accounts add-iam-policy-binding ${email} `)
  expect(stdout).toContain(`# gcloud kms keys add-iam-policy-binding ${key} `)
})

test.each([
  { words: ['--shared-vpc', 'both'], says: '--shared-vpc must be one of service, host, found both' },
  {
    words: ['--service-account', 'me@acme.com'],
    says: '--service-account must be an e-mail, found me@acme.com',
  },
  { words: ['--kms-key', 'mine'], says: '--kms-key must be projects/P/' },
  { words: ['--partition', 'aws'], says: "Unknown option '--partition'" },
])('$words is refused', async ({ words, says }) => {
  await expect(printed(...words)).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining(says) })
})
