import { afterEach, describe, expect, test } from 'vitest'
import { scopesFor } from '../../src/clouds/digitalocean/policy.ts'
import { atWork, choices, networkOf, patience, workers } from '../support/digitalocean/at-work.ts'
import { requireLikeness } from '../support/digitalocean/clouds.ts'
import { failure } from '../support/fault-of.ts'
import { anOwner } from '../support/launch-request.ts'

type Ground = Awaited<ReturnType<typeof atWork>>

let ground: Ground | undefined

async function aTeam(): Promise<Ground> {
  ground = await atWork({ tempo: { deleteMs: 0 } })
  return ground
}

afterEach(async () => {
  const ended = ground
  ground = undefined
  await ended?.[Symbol.asyncDispose]()
  requireLikeness(ended)
})

const refusal = (status: number, message: string, reason = 'unprocessable_entity') => ({
  kind: 'refuse' as const,
  status,
  reason,
  message: () => message,
})

describe('what DigitalOcean refuses is, in the house’s words', () => {
  test.each([
    {
      fault: 'quota',
      trouble: refusal(422, 'creating this/these droplet(s) will exceed your droplet limit'),
    },
    { fault: 'no-capacity', trouble: refusal(422, 'Size is not available in this region.') },
    { fault: 'no-capacity', trouble: refusal(422, 'The requested size is currently unavailable in nyc3.') },
    { fault: 'not-yet', trouble: refusal(422, 'Droplet already has a pending event.') },
    { fault: 'invalid', trouble: refusal(422, 'You specified an invalid image for Droplet creation.') },
    { fault: 'unauthorized', trouble: refusal(401, 'Unable to authenticate you', 'Unauthorized') },
    { fault: 'unauthorized', trouble: refusal(403, 'You are not authorized', 'forbidden') },
    { fault: 'throttled', trouble: refusal(429, 'Too many requests', 'too_many_requests') },
    {
      fault: 'unavailable',
      trouble: refusal(500, 'Server was unable to give you a response.', 'server_error'),
    },
    { fault: 'unavailable', trouble: refusal(503, 'Service Unavailable', 'service_unavailable') },
    { fault: 'conflict', trouble: refusal(409, 'duplicate name', 'conflict') },
    { fault: 'not-yet', trouble: refusal(423, 'locked', 'locked') },
    { fault: 'lost', trouble: { kind: 'reset' as const } },
    {
      fault: 'unavailable',
      trouble: { kind: 'answer' as const, status: 502, body: '<html>Bad Gateway</html>' },
    },
  ])('$fault: $trouble', async ({ fault, trouble }) => {
    const { ours, cloud } = await aTeam()
    cloud.script.add('droplets.create', trouble)
    const found = await failure(ours.launch(workers(1), patience))
    expect(found.fault).toBe(fault)
    expect(found.says).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-|dop_v1/)
  })

  test.each(['{"droplets": [', '<html>Welcome</html>', '{}', '{"droplets":[]}', '7'])(
    'a success that cannot be read is none: %s',
    async body => {
      const { ours, cloud, asked } = await aTeam()
      cloud.script.add('droplets.list', { kind: 'answer', status: 200, body })
      expect((await failure(ours.list(patience))).fault).toMatch(/^(?:lost|unavailable)$/)
      const request = workers(1)
      cloud.script.add('droplets.create', { kind: 'answer', status: 202, body })
      expect((await failure(ours.launch(request, patience))).fault).toBe('lost')
      // Nobody knows what it has made.
      expect((await failure(ours.launch(request, patience))).fault).toBe('lost')
      expect(asked('droplets.create')).toHaveLength(1)
    },
  )

  test('a token of nobody’s is told once, and opens nothing', async () => {
    const { open } = await aTeam()
    const found = await failure(open('ours', {}, { token: 'dop_v1_of_nobody' }))
    expect(found).toMatchObject({ fault: 'unauthorized', says: expect.stringContaining('put a working one') })
    expect(found.says).not.toContain('of_nobody')
  })
})

describe('errors hold nothing of the request', () => {
  test('neither the token nor the user data', async () => {
    const { ours, cloud, token } = await aTeam()
    cloud.script.add('droplets.create', refusal(422, 'no'))
    const request = workers(1, { userData: '#cloud-config\n{"key": "PRIVATE"}\n' })
    const error: unknown = await ours.launch(request, patience).catch((caught: unknown) => caught)
    const told = JSON.stringify(error, Object.getOwnPropertyNames(error)) + inspected(error)
    expect(told).not.toContain(token.value)
    expect(told).not.toContain('PRIVATE')
  })
})

function inspected(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : JSON.stringify(error.cause)
  return `${error.stack} ${cause}`
}

describe('what a group may be launched as', () => {
  test('sizes in the user’s order, what is sold out passed over, and what was refused lately behind the others', async () => {
    const { ours, home } = await aTeam()
    expect(await choices(ours, ['m-32vcpu-256gb', 's-4vcpu-8gb', 'c-4'])).toEqual([
      's-4vcpu-8gb nyc3 ubuntu-24-04-x64',
      'c-4 nyc3 ubuntu-24-04-x64',
    ])
    home.stock.set('s-4vcpu-8gb nyc3', 0)
    expect(await failure(ours.launch(workers(1), patience))).toMatchObject({ fault: 'no-capacity' })
    expect(await choices(ours, ['s-4vcpu-8gb', 'c-4'])).toEqual([
      'c-4 nyc3 ubuntu-24-04-x64',
      's-4vcpu-8gb nyc3 ubuntu-24-04-x64',
    ])
  })

  test('a size with a GPU boots the image that has its driver', async () => {
    const { ours } = await aTeam()
    expect(await choices(ours, ['gpu-4000adax1-20gb'])).toEqual(['gpu-4000adax1-20gb nyc3 gpu-h100x1-base'])
  })

  test.each([
    { sizes: ['s-nothing'], settings: {}, change: {}, says: 'no size s-nothing' },
    { sizes: ['m-32vcpu-256gb'], settings: {}, change: {}, says: 'now' },
    { sizes: ['c-4'], settings: { region: 'sfo3' }, change: {}, says: 'no droplet of c-4 in sfo3' },
    {
      sizes: ['s-1vcpu-1gb'],
      settings: { image: { id: 203_000_001 } },
      change: {},
      says: 'needs a disk of 60',
    },
    {
      sizes: ['s-4vcpu-8gb'],
      settings: { region: 'fra1', image: { id: 203_000_001 } },
      change: {},
      says: 'not in fra1',
    },
    { sizes: ['s-4vcpu-8gb'], settings: { image: { slug: 'no-such' } }, change: {}, says: 'not there' },
    { sizes: [], settings: {}, change: { purchasing: 'Spot' }, says: 'no spot droplets' },
  ])('$says', async ({ sizes, settings, change, says }) => {
    const { open } = await aTeam()
    const cloud = await open('ours', settings)
    expect(await failure(choices(cloud, sizes, change))).toMatchObject({
      says: expect.stringContaining(says),
    })
  })

  test('where no sizes are named there are some, and a mix of spot and other is other', async () => {
    const { ours } = await aTeam()
    expect(await choices(ours, [], { purchasing: 'SpotOrOnDemand' })).toEqual([
      's-4vcpu-8gb nyc3 ubuntu-24-04-x64',
    ])
    expect(await choices(ours, [], { role: 'scheduler' })).toEqual(['s-2vcpu-4gb nyc3 ubuntu-24-04-x64'])
  })
})

describe('the printed scopes', () => {
  test('are enough for all of a cluster’s life', async () => {
    const { open, home } = await aTeam()
    const secret = { token: home.addToken(scopesFor({ makesFirewalls: true })).value }
    const cloud = await open('ours', {}, secret)
    const owner = anOwner()
    await choices(cloud, [])
    await cloud.reserveAddress(networkOf(owner), patience)
    const { machines } = await cloud.launch(workers(2, { owner }), patience)
    await cloud.reserveAddress(networkOf(owner, { admitted: [] }), patience)
    await cloud.list(patience)
    await cloud.terminate(machines, patience)
    await cloud.releaseAddress(owner.uid, patience)
    await expect(cloud.prove(patience)).resolves.toBeUndefined()
  })

  test.each(['droplet:create', 'droplet:delete', 'firewall:create', 'tag:create', 'tag:delete'])(
    'need %s',
    async scope => {
      const { open, home } = await aTeam()
      const scopes = scopesFor({ makesFirewalls: true }).filter(each => each !== scope)
      const cloud = await open('ours', {}, { token: home.addToken(scopes).value })
      const owner = anOwner()
      const life = async (): Promise<void> => {
        await cloud.reserveAddress(networkOf(owner), patience)
        const { machines } = await cloud.launch(workers(1, { owner }), patience)
        await cloud.terminate(machines, patience)
        await cloud.releaseAddress(owner.uid, patience)
      }
      const found = await failure(life())
      expect(found).toMatchObject({
        fault: 'unauthorized',
        says: expect.stringContaining('iam-policy -- digitalocean'),
      })
    },
  )

  test('without firewalls are enough where clusters have none', async () => {
    const { open, home } = await aTeam()
    const secret = { token: home.addToken(scopesFor({ makesFirewalls: false })).value }
    const cloud = await open('ours', { firewall: 'None' }, secret)
    const { machines } = await cloud.launch(workers(1), patience)
    await cloud.list(patience)
    await cloud.terminate(machines, patience)
    expect(home.alive).toEqual([])
  })

  test('without firewalls are not enough to list for those who have some: somebody else has to', async () => {
    const { open, home } = await aTeam()
    const secret = { token: home.addToken(scopesFor({ makesFirewalls: false })).value }
    const operators = await open('ours', { firewall: 'None' }, secret)
    await expect(operators.list(patience)).resolves.toMatchObject({ machines: [] })
  })
})
