import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { aGcpGround, type GcpGround, homeProject } from '../support/gcp/gcp-ground.ts'
import { computeModel } from '../support/gcp/model.ts'
import { names, properties, type SdkDesk, sdkDesk, single } from '../support/gcp/sdk-desk.ts'

const zone = 'us-central1-a'
const region = 'us-central1'
let ground: GcpGround
let sdk: SdkDesk

beforeEach(async () => {
  ground = await aGcpGround({ model: await computeModel() })
  sdk = sdkDesk(ground.gce, ground.keyFile, homeProject)
})
afterEach(async () => {
  await sdk[Symbol.asyncDispose]()
  await ground[Symbol.asyncDispose]()
  assert.deepEqual(ground.differing(), [], 'what differs from the discovery document')
})

describe('machines', () => {
  test('one is made with its disk, runs, and is gone with its disk when it is deleted', async () => {
    const made = await sdk.insert(zone, single('one', zone, { labels: { team: 'a' } }))
    expect(made).toMatchObject({ status: 'DONE', operationType: 'insert' })
    expect(ground.left()).toEqual(['instances/one', 'disks/one'])
    const [shown] = await sdk.instances.get({ project: homeProject, zone, instance: 'one' })
    expect(shown).toMatchObject({
      name: 'one',
      labels: { team: 'a' },
      disks: [{ boot: true, autoDelete: true }],
    })
    expect(await sdk.remove(zone, 'one')).toMatchObject({ status: 'DONE', operationType: 'delete' })
    expect(ground.left()).toEqual([])
  })

  test('many are made by one request, in one zone of a region', async () => {
    const body = {
      count: 3,
      minCount: 1,
      instanceProperties: properties(),
      perInstanceProperties: names('dask-a', 3),
    }
    const made = await sdk.bulk(region, body)
    expect(made.instancesBulkInsertOperationMetadata?.perLocationStatus).toMatchObject({
      'zones/us-central1-a': {
        createdVmCount: 3,
        targetVmCount: 3,
        failedToCreateVmCount: 0,
        status: 'DONE',
      },
    })
    expect(await sdk.found('name eq "dask-a-.*"')).toEqual([
      `${zone}/dask-a-0001`,
      `${zone}/dask-a-0002`,
      `${zone}/dask-a-0003`,
    ])
  })

  test('the same request under the same id is the same operation, and another one is refused', async () => {
    const [id, body] = [randomUUID(), single('one', zone)]
    const first = await sdk.insert(zone, body, id)
    expect((await sdk.insert(zone, body, id)).name).toBe(first.name)
    expect([...ground.home.instances.keys()]).toEqual([`zones/${zone}/one`])
    await expect(sdk.insert(zone, single('two', zone), id)).rejects.toMatchObject({ httpStatusCode: 400 })
    await expect(sdk.insert(zone, body)).rejects.toMatchObject({ httpStatusCode: 409 })
  })
})
