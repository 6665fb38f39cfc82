import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { type CallFacts, calls } from '../../src/clouds/digitalocean/calls.ts'
import { parseCredentials } from '../../src/clouds/digitalocean/credentials.ts'
import { readOffering, writeOffering } from '../../src/clouds/digitalocean/offerings.ts'
import { scopesFor } from '../../src/clouds/digitalocean/policy.ts'
import { machineIntent, parseSettings } from '../../src/clouds/digitalocean/settings.ts'
import { ParseError } from '../../src/lib/parse.ts'

const parse = (settings: object) => parseSettings({ region: 'nyc3', ...settings }, 'spec.cloud.digitalOcean')

test('a region is enough, and what is parsed can be parsed again', () => {
  const parsed = parse({})
  expect(parsed).toMatchObject({ image: { kind: 'usual' }, firewall: 'Managed', workerAddresses: 'Public' })
  expect(parseSettings(parsed, 'again')).toEqual(parsed)
  const full = parse({
    image: { id: 7 },
    tags: ['a'],
    sshKeys: ['1'],
    sshCIDRs: ['192.0.2.0/24'],
    ipv6: true,
  })
  expect(parseSettings(full, 'again')).toEqual(full)
})

test('a tag is one, however it is spelt', () => {
  expect(() => parse({ tags: ['Data', 'data'] })).toThrow('has a tag twice')
  expect(parse({ tags: ['data', 'data'] }).tags).toEqual(['data'])
})

test('what is not set is no part of what a machine is launched for', () => {
  expect(JSON.stringify(machineIntent(parse({}), 'worker'))).toBe('{}')
  const changed = parse({ workerAddresses: 'Private', tags: ['a'], sshCIDRs: ['192.0.2.0/24'] })
  expect(JSON.stringify(machineIntent(changed, 'scheduler'))).toBe('{}')
  expect(machineIntent(changed, 'worker')).toMatchObject({ addresses: 'Private' })
})

test.each([
  { given: 'nothing', secret: {}, says: 'credentials.token: is missing' },
  { given: 'a blank', secret: { token: ' ' }, says: 'credentials.token: is missing' },
  { given: 'a line break', secret: { token: 'dop_v1_a\nX-Other: b' }, says: 'is no token' },
  { given: 'another key', secret: { token: 'dop_v1_a', password: 'b' }, says: 'credentials.password' },
])('a Secret with $given is refused, and its value told to nobody', ({ secret, says }) => {
  const read = (): unknown => parseCredentials(secret, 'credentials')
  expect(read).toThrow(ParseError)
  expect(read).toThrow(says)
  expect(read).not.toThrow('dop_v1')
})

test('a token is taken without what surrounds it', () => {
  expect(parseCredentials({ token: 'dop_v1_a\n' }, 'credentials')).toEqual({ token: 'dop_v1_a' })
})

test('an offering is read as it was written', () => {
  const offering = { size: 's-4vcpu-8gb', region: 'nyc3', image: '203000001' }
  expect(readOffering(writeOffering(offering))).toEqual(offering)
  for (const odd of ['', 's-4vcpu-8gb nyc3', 'a b c d'])
    expect(() => readOffering(odd)).toThrow('cannot read')
})

const facts: readonly (readonly [string, CallFacts])[] = Object.entries(calls)

test.each(facts)('%s may be made with the printed scopes', (_name, { scopes, ofFirewall }) => {
  expect(scopes).not.toEqual([])
  expect(scopesFor({ makesFirewalls: true })).toEqual(expect.arrayContaining([...scopes]))
  const without = scopesFor({ makesFirewalls: false })
  expect(scopes.every(scope => without.includes(scope))).toBe(
    ofFirewall !== true || scopes.every(scope => scope.startsWith('tag:')),
  )
})

test('no scope is printed that is not a call’s, or that DigitalOcean does not give without', () => {
  const needed = facts.flatMap(([, { scopes }]) => scopes)
  const more = scopesFor({ makesFirewalls: true }).filter(scope => !needed.includes(scope))
  expect(more).toEqual(['actions:read', 'regions:read'])
})

const printed = async (...words: readonly string[]): Promise<string> => {
  const command = ['scripts/iam-policy.ts', 'digitalocean', ...words]
  return (await promisify(execFile)(process.execPath, command)).stdout
}

test('they are printed as a person takes them over, one on a line', async () => {
  expect(await printed()).toBe(`${scopesFor({ makesFirewalls: true }).join('\n')}\n`)
  expect(await printed('--without-firewall')).toBe(`${scopesFor({ makesFirewalls: false }).join('\n')}\n`)
  await expect(printed('--with-firewall')).rejects.toMatchObject({ code: 2 })
})
