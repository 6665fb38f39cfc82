import { expect, test } from 'vitest'
import { machineIntent, parseSettings } from '../../src/clouds/gcp/settings.ts'
import type { Role } from '../../src/model/names.ts'
import { refusedSpecs } from '../support/refused-specs.ts'
import { merged } from '../support/specs.ts'

const path = 'spec.cloud.gcp'
const place = { project: 'acme-data', region: 'us-central1' }
const parsed = (more: object = {}) => parseSettings({ ...place, ...more }, path)

test('a project and a region are enough; everything else has a safe default', () => {
  expect(parsed()).toEqual({
    ...place,
    zones: [],
    network: undefined,
    subnetwork: undefined,
    serviceAccount: undefined,
    image: { kind: 'usual' },
    disk: { sizeGiB: undefined, type: 'pd-balanced', kmsKey: undefined },
    shieldedVm: { secureBoot: true, vtpm: true, integrityMonitoring: true },
    gpu: undefined,
    labels: {},
    networkTags: [],
    firewall: 'Managed',
    sshCIDRs: [],
    workerAddresses: 'External',
    osLogin: false,
    serialConsole: false,
    projectSshKeys: false,
  })
})

const everything = {
  zones: ['us-central1-f', 'us-central1-a'],
  network: 'projects/acme-host/global/networks/shared',
  subnetwork: 'projects/acme-host/regions/us-central1/subnetworks/dask',
  serviceAccount: { email: 'dask@acme-data.iam.gserviceaccount.com' },
  image: { family: 'dask', project: 'acme-images' },
  disk: {
    sizeGiB: 100,
    type: 'pd-ssd',
    kmsKey: 'projects/acme-keys/locations/us-central1/keyRings/disks/cryptoKeys/dask',
  },
  shieldedVm: { secureBoot: false, vtpm: false },
  gpu: { type: 'nvidia-tesla-t4' },
  labels: { team: 'daten-größe' },
  networkTags: ['nat'],
  firewall: 'None',
  workerAddresses: 'Internal',
  osLogin: true,
  serialConsole: true,
  projectSshKeys: true,
}

test('whatever is set is read', () => {
  expect(parsed(everything)).toEqual({
    ...place,
    ...everything,
    serviceAccount: {
      email: 'dask@acme-data.iam.gserviceaccount.com',
      scopes: ['https://www.googleapis.com/auth/cloud-platform'],
    },
    image: { kind: 'family', family: 'dask', project: 'acme-images' },
    shieldedVm: { secureBoot: false, vtpm: false, integrityMonitoring: false },
    gpu: { type: 'nvidia-tesla-t4', count: 1, driver: 'Preinstalled' },
    sshCIDRs: [],
  })
})

test('ranges are read as every firewall writes them', () => {
  expect(parsed({ sshCIDRs: ['2001:DB8::/32', '2001:db8::/32'] }).sshCIDRs).toEqual(['2001:db8::/32'])
})

test('a network of the own project may be called by its whole name', () => {
  const network = 'projects/acme-data/global/networks/own'
  const subnetwork = 'projects/acme-data/regions/us-central1/subnetworks/own'
  expect(parsed({ network, subnetwork })).toMatchObject({ network, subnetwork, firewall: 'Managed' })
})

test.each([
  { given: 'the least', more: {} },
  { given: 'everything', more: everything },
  { given: 'an image by name', more: { image: { name: 'dask-1' } } },
])('what was parsed can be parsed again: $given', ({ more }) => {
  const once = parsed(more)
  expect(parseSettings(once, path)).toEqual(once)
})

test('an image without a project is in that of the machines', () => {
  expect(parsed({ image: { name: 'dask-1' } }).image).toEqual({
    kind: 'image',
    project: 'acme-data',
    name: 'dask-1',
  })
})

test('a driver is in the image unless that is said to install it', () => {
  const image = { family: 'cuda' }
  const gpu = { type: 'nvidia-l4', count: 2 }
  expect(parsed({ gpu, image }).gpu).toEqual({ ...gpu, driver: 'Preinstalled' })
  expect(parsed({ gpu: { ...gpu, driver: 'Install' }, image }).gpu).toEqual({ ...gpu, driver: 'Install' })
})

const shared = 'projects/acme-host/global/networks/shared'
const elsewhere = 'projects/acme-other/regions/us-central1/subnetworks/dask'

test.each([
  {
    given: { project: undefined },
    problem: `${path}.project: must be a text that is not empty, found nothing`,
  },
  { given: { project: 'Acme' }, problem: `${path}.project: "Acme" is not one as Google writes them` },
  {
    given: { region: 'us central' },
    problem: `${path}.region: "us central" is not one as Google writes them`,
  },
  { given: { endpoint: 'http://evil' }, problem: `${path}.endpoint: is not known here` },
  {
    given: { zones: ['europe-west4-a'] },
    problem: `${path}.zones[0]: "europe-west4-a" is no zone of the region`,
  },
  { given: { zones: ['us-central1'] }, problem: `${path}.zones[0]: "us-central1" is not one` },
  { given: { network: 'a/b' }, problem: `${path}.network: "a/b" is not one as Google writes them` },
  {
    given: { network: shared },
    problem: `${path}.subnetwork: a network of another project needs a subnetwork`,
  },
  {
    given: { network: shared, subnetwork: elsewhere },
    problem: `${path}.subnetwork: a network of another project needs a subnetwork of the same project: projects/acme-host/`,
  },
  {
    given: { subnetwork: 'projects/acme-host/regions/us-east1/subnetworks/dask' },
    problem: `${path}.subnetwork: "projects/acme-host/regions/us-east1/subnetworks/dask" is not in the region`,
  },
  {
    given: { serviceAccount: { email: 'me@acme.com' } },
    problem: `${path}.serviceAccount.email: "me@acme.com"`,
  },
  {
    given: { serviceAccount: { email: 'a@b.iam.gserviceaccount.com', scopes: ['compute'] } },
    problem: `${path}.serviceAccount.scopes[0]: "compute" is not one`,
  },
  { given: { image: {} }, problem: `${path}.image: choose one image` },
  { given: { image: { family: 'a', name: 'b' } }, problem: `${path}.image: choose one image` },
  { given: { disk: { type: 'local-ssd' } }, problem: `${path}.disk.type: must be one of pd-balanced` },
  { given: { disk: { sizeGiB: 4 } }, problem: `${path}.disk.sizeGiB: must be a whole number from 10` },
  { given: { disk: { kmsKey: 'mine' } }, problem: `${path}.disk.kmsKey: "mine" is not one` },
  {
    given: { shieldedVm: { vtpm: false, integrityMonitoring: true } },
    problem: `${path}.shieldedVm.integrityMonitoring: is true, and vtpm is false`,
  },
  {
    given: { gpu: { type: 'nvidia-l4', count: 0 }, image: { family: 'cuda' } },
    problem: `${path}.gpu.count: must be a whole number from 1`,
  },
  { given: { labels: { 'dask-role': 'x' } }, problem: `${path}.labels["dask-role"]: is not a name` },
  { given: { labels: { Team: 'x' } }, problem: `${path}.labels["Team"]: is not a name` },
  { given: { labels: { team: 'A b' } }, problem: `${path}.labels["team"]: must be at most 63` },
  {
    given: { networkTags: ['dask-1-worker'] },
    problem: `${path}.networkTags[0]: "dask-1-worker" begins with dask-`,
  },
  { given: { sshCIDRs: ['10.1.2.3/8'] }, problem: `${path}.sshCIDRs[0]: is not a range of addresses` },
  {
    given: { firewall: 'None', sshCIDRs: ['10.0.0.0/8'] },
    problem: `${path}.sshCIDRs: leave it out where firewall is None`,
  },
  {
    given: { workerAddresses: 'Public' },
    problem: `${path}.workerAddresses: must be one of External, Internal`,
  },
])('what is wrong is named: $problem', ({ given, problem }) => {
  expect(() => parsed(given)).toThrow(problem)
})

const intent = (more: object, role: Role = 'worker'): unknown => machineIntent(parsed(more), role)

test('only what a machine is made of is its intent, and only where it is set', () => {
  expect(JSON.stringify(intent({}))).toBe('{}')
  const elsewhereAlike = {
    zones: ['us-central1-a'],
    network: 'net',
    labels: { a: 'b' },
    networkTags: ['nat'],
    sshCIDRs: ['10.0.0.0/8'],
  }
  expect(intent(elsewhereAlike)).toEqual(intent({}))
  expect(intent({ disk: { sizeGiB: 50 } })).not.toEqual(intent({}))
  expect(intent({ osLogin: true })).toMatchObject({ osLogin: true })
})

test.each([
  { given: 'GPUs', more: { gpu: { type: 'nvidia-l4' } } },
  { given: 'internal addresses', more: { workerAddresses: 'Internal' } },
])('$given are of the workers alone', ({ more }) => {
  const base = { image: { family: 'cuda' } }
  expect(intent({ ...base, ...more }, 'scheduler')).toEqual(intent(base, 'scheduler'))
  expect(intent({ ...base, ...more })).not.toEqual(intent(base))
})

test.each(refusedSpecs.filter(({ path: at }) => at.startsWith(path)))(
  'what the API server refuses is refused here too: $given',
  ({ patch, says }) => {
    const { cloud } = Object(merged({ cloud: { local: {} } }, patch))
    expect(() => parseSettings(cloud.gcp, path)).toThrow(says)
  },
)
