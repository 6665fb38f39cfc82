// Before what brings node:crypto along: loaded after it by the test runner, Node's tls lacks half of its functions.
// oxlint-disable-next-line import/no-unassigned-import -- only the order matters
import 'node:tls'

import { digitalOceanDatasource } from '../support/machines/digitalocean-datasource.ts'
import { machineStory } from '../support/machines/machine-story.ts'

machineStory({
  source: digitalOceanDatasource(),
  metadata: 'digitalocean',
  id: index => String(500_000_000 + index),
  size: 's-4vcpu-8gb',
  zone: 'nyc3',
  encode: text => Buffer.from(text),
  // It answers whoever asks: all the more are tasks kept away from it.
  asked: { path: '/metadata/v1/user-data', refusal: '' },
})
