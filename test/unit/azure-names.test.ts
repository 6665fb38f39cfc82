import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { Leftovers } from '../../src/clouds/azure/leftovers.ts'
import { diskName, machineBehind, readDiskName } from '../../src/clouds/azure/names.ts'
import { readOffering, writeOffering } from '../../src/clouds/azure/offerings.ts'
import { isAsWanted, sourcesOf, wantedRules } from '../../src/clouds/azure/rules.ts'
import { readTags, tagged } from '../../src/clouds/azure/tags.ts'
import { throwawayKey } from '../../src/clouds/azure/throwaway-key.ts'
import { sealer } from '../../src/clouds/marks.ts'
import { clusterKey, clusterUid, machineId } from '../../src/model/names.ts'

const machine = machineId('dask-0123456789abcdef-12-0001')

describe('disks', () => {
  const uid = clusterUid(randomUUID())
  const name = diskName(uid, machine, sealer('key')(['disk']))

  test('a name holds whose it is and its machine, in 80 characters', () => {
    expect(name.length).toBeLessThanOrEqual(80)
    expect(name).toMatch(/^[a-z0-9-]+[a-z0-9]$/)
    expect(readDiskName(name)).toEqual({ uid, machine })
  })

  test.each(['dask-0123456789abcdef-12-0001', 'osdisk', `${name}0`])('%s is nobody’s', other => {
    expect(readDiskName(other)).toBeUndefined()
  })
})

test.each([
  [`${machine}-nic`, machine],
  [`${machine}-ip-0a1b2c3d`, machine],
  [machine, undefined],
  [`dask-${randomUUID()}-scheduler`, undefined],
])('the machine behind %s is %s', (name, behind) => {
  expect(machineBehind(name)).toBe(behind)
})

describe('tags', () => {
  const marks = { installation: 'i', uid: 'u', role: 'worker', seal: 's' }

  test('come back whatever the case of their names', () => {
    const shouted = Object.fromEntries(
      Object.entries(tagged({}, marks)).map(([name, value]) => [name.toUpperCase(), value]),
    )
    expect(readTags({ tags: shouted })).toEqual(marks)
  })

  test('a user’s own of the same name loses, also in another case', () => {
    expect(tagged({ team: 'a', 'Dask-Role': 'scheduler' }, { role: 'worker' })).toEqual({
      team: 'a',
      'dask-role': 'worker',
    })
  })
})

describe('offerings', () => {
  const offering = {
    size: 'Standard_D4s_v5',
    zone: '2',
    purchasing: 'Spot',
    image: 'Canonical:ubuntu-24_04-lts:server:24.04.202608010',
    diskGiB: 64,
    security: 'TrustedLaunch',
    ephemeral: 'CacheDisk',
    hasPlan: true,
  } as const

  test.each([
    offering,
    { ...offering, zone: undefined, ephemeral: undefined },
    { ...offering, diskGiB: undefined, hasPlan: false },
  ])('come back as they were written', each => {
    expect(readOffering(writeOffering(each))).toEqual(each)
  })

  test.each([
    '',
    'Standard_D4s_v5 any Spot i own',
    'a any Spot i 30 Standard Elsewhere',
    'a any Free i 30 Standard',
  ])('what another version wrote is refused: %s', written => {
    expect(() => readOffering(written)).toThrow('cannot read')
  })
})

describe('rules', () => {
  const members = '/subscriptions/S/resourceGroups/g/providers/Microsoft.Network/applicationSecurityGroups/m'
  const admission = { admitted: ['192.0.2.0/24', '2001:db8::/64'], ssh: ['198.51.100.7/32'], members }
  const rules = wantedRules('scheduler-rules', admission)

  test('let in Dask from outside and from the cluster, SSH where asked, and nothing else', () => {
    expect(
      rules.map(({ name, access, sourceAddressPrefixes, destinationPortRange, destinationPortRanges }) => [
        name,
        access,
        sourceAddressPrefixes,
        destinationPortRange ?? destinationPortRanges,
      ]),
    ).toEqual([
      ['dask', 'Allow', ['192.0.2.0/24'], '8786'],
      ['dask-v6', 'Allow', ['2001:db8::/64'], '8786'],
      ['cluster', 'Allow', undefined, ['8786']],
      ['ssh', 'Allow', ['198.51.100.7/32'], '22'],
      ['nothing-else', 'Deny', undefined, '*'],
    ])
  })

  test('workers are reached by the cluster alone', () => {
    expect(wantedRules('worker-rules', { ...admission, ssh: [] }).map(({ name }) => name)).toEqual([
      'cluster',
      'nothing-else',
    ])
  })

  test('no rule that lets in is without a source', () => {
    for (const rule of rules.filter(({ access }) => access === 'Allow'))
      expect([
        rule.sourceAddressPrefix,
        rule.sourceAddressPrefixes?.length ?? 0,
        rule.sourceApplicationSecurityGroups?.length ?? 0,
      ]).not.toEqual([undefined, 0, 0])
  })

  test('are known again in the forms that Azure gives them back in', () => {
    const back = rules.map(({ protocol = '', sourceApplicationSecurityGroups: groups = [], ...rule }) => ({
      ...rule,
      protocol: protocol.toUpperCase(),
      sourceApplicationSecurityGroups: groups.map(({ id = '' }) => ({ id: id.toUpperCase() })),
    }))
    expect(isAsWanted({ securityRules: back.toReversed() }, rules)).toBe(true)
    expect(sourcesOf({ securityRules: back }, 'dask')).toEqual(['192.0.2.0/24', '2001:db8::/64'])
  })

  test('a rule that somebody has added, widened or taken away is seen', () => {
    const [first, ...others] = rules
    const wide = { ...first, sourceAddressPrefixes: ['0.0.0.0/0'] }
    const more = { ...first, name: 'x', priority: 300 }
    for (const odd of [[wide, ...others], [...rules, more], others])
      expect(isAsWanted({ securityRules: odd }, rules)).toBe(false)
  })
})

test('what is left of a machine lasts when lists have shown it alone for three minutes', () => {
  let now = 0
  const leftovers = new Leftovers(() => now)
  const owner = { uid: clusterUid(randomUUID()), key: clusterKey('a', 'b') }
  const nic = { id: '/x', kind: 'interface', name: `${machine}-nic`, group: 'g', machine, owner } as const
  leftovers.meet([nic])
  now = 179_000
  leftovers.meet([nic])
  expect(leftovers.lasting).toEqual([])
  now = 180_000
  expect([leftovers.lasting, leftovers.of(machine), leftovers.ofOwner(owner.uid)]).toEqual([
    [nic],
    [nic],
    [nic],
  ])
  leftovers.meet([])
  leftovers.meet([nic])
  expect(leftovers.lasting).toEqual([])
})

test('a key that is thrown away is a line of authorized_keys, another each time', () => {
  const [kind, body = ''] = throwawayKey().split(' ')
  const raw = Buffer.from(body, 'base64')
  expect([kind, raw.length, raw.subarray(4, 15).toString()]).toEqual(['ssh-ed25519', 51, 'ssh-ed25519'])
  expect(throwawayKey()).not.toBe(`${kind} ${body}`)
})
