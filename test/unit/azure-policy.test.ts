import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { type CallFacts, calls } from '../../src/clouds/azure/calls.ts'
import { type RoleWish, roleFor } from '../../src/clouds/azure/policy.ts'

const subscription = '11111111-2222-3333-4444-555555555555'
const facts: readonly (readonly [string, CallFacts])[] = Object.entries(calls)
const neededBy = (each: CallFacts): readonly string[] => [
  ...each.actions,
  ...(each.subscription ?? []),
  ...(each.ownGroups ?? []),
  ...(each.network ?? []),
  ...(each.makesNetworks ?? []),
  ...(each.makesRules ?? []),
]
const actionsOf = (wish: RoleWish): readonly string[] => roleFor(wish).Actions
const whole = actionsOf({ of: 'whole', subscription })
const group = actionsOf({ of: 'group', subscription, resourceGroup: 'dask' })
const reads = actionsOf({ of: 'reads', subscription })
const network = actionsOf({ of: 'network', subscription, resourceGroup: 'nets' })

test.each(facts)('%s may be made with the whole role, or is granted on what it uses', (_name, needed) => {
  const all = [...neededBy(needed), ...(needed.onGallery ?? [])]
  expect(all).not.toEqual([])
  expect(whole).toEqual(expect.arrayContaining([...neededBy(needed)]))
})

test('nothing is granted that no call needs, and nothing twice', () => {
  const needed = facts.flatMap(([, each]) => neededBy(each))
  expect(whole).toEqual([...new Set(needed)].toSorted())
  expect(whole.filter(each => each.includes('*'))).toEqual([])
})

test('a role of a group makes and deletes no group, and that of the subscription beside it only reads', () => {
  const groups = /resourceGroups\/(?:write|delete|resources\/read)$/
  expect(whole.filter(each => groups.test(each))).toHaveLength(3)
  expect([...new Set([...group, ...reads])].toSorted()).toEqual(whole.filter(each => !groups.test(each)))
  expect(group.filter(each => groups.test(each))).toEqual([])
  expect(reads.filter(each => !each.endsWith('/read'))).toEqual([])
})

test('of a network in another group it reads and joins', () => {
  expect(network.filter(each => !/\/(?:read|join\/action)$/.test(each))).toEqual([])
  expect(network).toContain('Microsoft.Network/virtualNetworks/subnets/join/action')
})

test('no role lets give machines an identity', () => {
  expect(whole.filter(each => each.includes('ManagedIdentity'))).toEqual([])
})

const printed = (...words: readonly string[]) =>
  promisify(execFile)(process.execPath, ['scripts/iam-policy.ts', 'azure', ...words])
const identity = `/subscriptions/${subscription}/resourceGroups/ids/providers/Microsoft.ManagedIdentity/userAssignedIdentities/dask`

test('what is printed is a file for az, and the commands that make and assign it are beside it', async () => {
  const { stdout, stderr } = await printed('--subscription', subscription, '--identity', identity)
  expect(JSON.parse(stdout)).toEqual(roleFor({ of: 'whole', subscription }))
  expect(stderr).toContain('# az role definition create --role-definition @role.json\n')
  expect(stderr).toContain(`--role "Dask cloud operator" --scope "/subscriptions/${subscription}"`)
  expect(stderr).toContain(`--role "Managed Identity Operator" --scope "${identity}"`)
})

test.each<readonly [readonly string[], RoleWish]>([
  [['--resource-group', 'dask'], { of: 'group', subscription, resourceGroup: 'dask' }],
  [['--resource-group', 'dask', '--part', 'reads'], { of: 'reads', subscription }],
  [['--network-group', 'nets'], { of: 'network', subscription, resourceGroup: 'nets' }],
])('%j prints its part', async (words, wish) => {
  const { stdout } = await printed('--subscription', subscription, ...words)
  expect(JSON.parse(stdout)).toEqual(roleFor(wish))
})

test.each([
  { words: [], says: '--subscription must be the id of one, found nothing' },
  { words: ['--subscription', 'mine'], says: '--subscription must be the id of one, found mine' },
  { words: ['--subscription', subscription, '--part', 'reads'], says: '--part goes with --resource-group' },
  { words: ['--subscription', subscription, '--identity', 'dask'], says: '--identity must be /subscr' },
  {
    words: ['--subscription', subscription, '--resource-group', 'a', '--part', 'all'],
    says: '--part must be one of group, reads, found all',
  },
])('$words is refused', async ({ words, says }) => {
  await expect(printed(...words)).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining(says) })
})
