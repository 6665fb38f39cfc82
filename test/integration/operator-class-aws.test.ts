import { afterAll, expect, test } from 'vitest'
import { requireLikeness } from '../support/aws/aws-ground.ts'
import { type Ec2Room, ec2Room, ownGroups } from '../support/aws/ec2-room.ts'
import { ClassDesk } from '../support/class-desk.ts'
import { controlPlane } from '../support/control-plane.ts'

const plane = controlPlane()
let ground: Ec2Room
let desk: ClassDesk

plane.prepare(async () => {
  const installation = `aws-${plane.namespace}`.slice(0, 60)
  desk = new ClassDesk(plane, installation)
  ground = await ec2Room(plane, { classes: 'on', installation })
})
afterAll(async () => {
  await desk?.[Symbol.asyncDispose]()
  await ground?.[Symbol.asyncDispose]()
  if (ground !== undefined) requireLikeness(ground.ec2)
})

/** The tags of things, without the operator's own. */
const ownTags = (things: readonly { readonly tags: ReadonlyMap<string, string> }[]) =>
  things.map(({ tags }) =>
    Object.fromEntries([...tags].filter(([key]) => !key.startsWith('cloud.dask.org/') && key !== 'Name')),
  )

test('mandatory tags are on every machine and disk, and a class on AWS is tried by a dry run that makes nothing', async () => {
  const { room, tenant } = ground
  const account = await tenant('platform')
  await desk.secret(room.namespaces.operator, 'account', account.newKey())
  const tags = { 'cost-center': 'data', team: 'platform' }
  const aws = { region: 'us-east-1', tags, ...ownGroups }
  const name = `aws-${room.namespaces.tenant}`.slice(-40).replace(/^-+/, '')
  await desk.apply(name, {
    cloud: { aws },
    credentialsSecretRef: { name: 'account' },
    namespaces: {},
    defaults: {
      scheduler: { size: 'm5.large' },
      workers: { sizes: ['m7i.large'] },
      network: { exposure: 'Private', allowedCIDRs: ['127.0.0.0/8'] },
    },
  })
  const good = await desk.until(name, all => all.some(({ type }) => type === 'Ready'))
  expect(good.map(({ type, status }) => `${type} ${status}`)).toEqual([
    'Ready True',
    'CredentialsReady True',
    'ImagesReady True',
    'NetworkReady True',
    'SizesReady True',
  ])
  expect(account.asked('RunInstances').map(({ params }) => params['DryRun'])).toEqual(['true'])
  expect(account.left).toEqual([])
  const spec = { cloud: null, className: name, workers: { replicas: 2 } }
  const { uid } = (await room.clusters.create('tagged', 2, spec)).metadata
  await room.until('its machines to run', () => account.workers.length === 2 && account.alive.length === 3)
  const machines = account.alive
  expect(ownTags(machines)).toEqual([tags, tags, tags])
  expect(ownTags([...account.region.volumes.values()])).toEqual([tags, tags, tags])
  expect(new Set(machines.map(({ type }) => type))).toEqual(new Set(['m5.large', 'm7i.large']))
  // There is no way to say otherwise.
  const refused = await room.clusters
    .patch('tagged', { spec: { cloud: { aws: { ...aws, tags: { team: 'mine' } } } } })
    .then(String, String)
  expect(refused).toContain('the class says where the machines come from')
  await desk.patch(name, { overrides: { workerSizes: ['m7i.gigantic'] } })
  const wrong = await desk.until(name, all =>
    all.some(({ type, status }) => type === 'SizesReady' && status === 'False'),
  )
  expect(wrong.find(({ type }) => type === 'SizesReady')?.message).toContain('m7i.gigantic')
  account.withhold('RunInstances')
  await desk.patch(name, { overrides: { workerSizes: [] } })
  const barred = await desk.until(name, all =>
    all.some(({ type, reason }) => type === 'CredentialsReady' && reason === 'Unauthorized'),
  )
  expect(barred.find(({ type }) => type === 'SizesReady')?.status).toBe('True')
  await room.clusters.remove('tagged')
  await room.clusters.gone('tagged', uid)
  expect(account.left).toEqual([])
})
