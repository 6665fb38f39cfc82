import { expect, test } from 'vitest'
import { methods } from '../support/gcp/methods.ts'
import { computeModel } from '../support/gcp/model.ts'

const asked = { verb: 'POST', path: 'projects/p/zones/z/instances', query: new URLSearchParams(), body: {} }

test('Google’s own description knows a wrong request and a wrong answer by their names', async () => {
  const model = await computeModel()
  const body = {
    name: 1,
    colour: 'red',
    scheduling: { provisioningModel: 'CHEAP' },
    disks: [{ diskSizeGb: 'ten' }],
  }
  const query = new URLSearchParams({ colour: 'red' })
  expect(model.request({ ...asked, method: 'instances.insert', query, body })).toEqual([
    'instances.insert?colour is unknown',
    'instances.insert.name is no string: 1',
    'instances.insert.colour is unknown',
    'instances.insert.scheduling.provisioningModel is not one of its words: CHEAP',
    'instances.insert.disks[].diskSizeGb is no such number: ten',
  ])
  expect(model.request({ ...asked, method: 'instances.list' })).toEqual([
    'instances.list is not at POST projects/p/zones/z/instances',
  ])
  expect(model.request({ ...asked, method: 'instances.paint' })).toEqual(['instances.paint is unknown'])
  expect(model.answer('instances.list', { items: [{ status: 'PAINTED' }], nextPageToken: 1 })).toEqual([
    'instances.list.items[].status is not one of its words: PAINTED',
    'instances.list.nextPageToken is no string: 1',
  ])
})

test('every method of the simulated Compute Engine is one of Google’s, at its own path', async () => {
  const model = await computeModel()
  const differing = methods.flatMap(({ id, verb, path }) =>
    model
      .request({ ...asked, method: id, verb, path: path.replaceAll(/\{\w+\}/g, 'x'), body: undefined })
      .filter(each => !each.endsWith('is no object')),
  )
  expect(differing).toEqual([])
})
