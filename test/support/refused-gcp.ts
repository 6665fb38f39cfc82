import type { RefusedSpec } from './refused-specs.ts'

const gcp = (of: Readonly<Record<string, unknown>>) => ({
  cloud: { local: null, gcp: { project: 'acme-data', region: 'us-central1', ...of } },
})
const path = 'spec.cloud.gcp'
const shared = 'projects/acme-host/global/networks/shared'

/** What must be refused of the settings of Google Compute Engine. */
export const gcpRows: readonly RefusedSpec[] = [
  {
    given: 'no project',
    patch: { cloud: { local: null, gcp: { region: 'us-central1' } } },
    path: `${path}.project`,
    says: /Required value|must be a text/,
  },
  ...['Acme-data', 'acme_data', '1acme-data', 'acme-data-'].map(project => ({
    given: `the project ${project}`,
    patch: gcp({ project }),
    path: `${path}.project`,
    says: /must be the id of a project|not one as Google writes them/,
  })),
  ...['us-central', 'US-CENTRAL1', 'us-central1-a', 'us central1'].map(region => ({
    given: `the region ${region}`,
    patch: gcp({ region }),
    path: `${path}.region`,
    says: /must be the name of a region|not one as Google writes them/,
  })),
  {
    given: 'a zone of another region',
    patch: gcp({ zones: ['us-central1-a', 'us-central2-b'] }),
    path,
    says: /zones must be of the region|is no zone of the region/,
  },
  ...[undefined, 'dask', 'projects/acme-other/regions/us-central1/subnetworks/dask'].map(subnetwork => ({
    given: `a shared network with the subnetwork ${subnetwork}`,
    patch: gcp({ network: shared, ...(subnetwork === undefined ? {} : { subnetwork }) }),
    path,
    says: /a network of another project needs a subnetwork of the same project/,
  })),
  {
    given: 'a subnetwork of another region',
    patch: gcp({ subnetwork: 'projects/acme-host/regions/us-east1/subnetworks/dask' }),
    path,
    says: /the subnetwork must be in the region|is not in the region/,
  },
  {
    given: 'two images',
    patch: gcp({ image: { family: 'dask', name: 'dask-1' } }),
    path: `${path}.image`,
    says: /choose one image/,
  },
  {
    given: 'measured boots without a vTPM',
    patch: gcp({ shieldedVm: { vtpm: false, integrityMonitoring: true } }),
    path: `${path}.shieldedVm`,
    says: /integrityMonitoring needs the vTPM|is true, and vtpm is false/,
  },
  ...['dask-role', 'goog-ours'].map(label => ({
    given: `the label ${label}`,
    patch: gcp({ labels: { [label]: 'a' } }),
    path: `${path}.labels`,
    says: /not yours to give|not a name that a label of yours can have/,
  })),
  {
    given: 'a label with shell in it',
    patch: gcp({ labels: { team: '$(reboot)' } }),
    path: `${path}.labels`,
    says: /must be lower-case letters|must be at most 63 lower-case letters/,
  },
  {
    given: 'a tag that lets into another cluster',
    patch: gcp({ networkTags: ['dask-0123-worker'] }),
    path: `${path}.networkTags[0]`,
    says: /begins with dask-/,
  },
  ...[
    { network: shared, subnetwork: 'projects/acme-host/regions/us-central1/subnetworks/dask' },
    { subnetwork: 'projects/acme-host/regions/us-central1/subnetworks/dask', firewall: 'Managed' },
  ].map(of => ({
    given: `rules of the operator in a network of others, with ${Object.keys(of).join(' and ')}`,
    patch: gcp(of),
    path,
    says: /must be None in a network of another project/,
  })),
  {
    given: 'a GPU for an image without a driver',
    patch: gcp({ gpu: { type: 'nvidia-l4' } }),
    path,
    says: /needs an image that has a driver/,
  },
  {
    given: 'SSH without rules of the operator',
    patch: gcp({ firewall: 'None', sshCIDRs: ['10.0.0.0/8'] }),
    path,
    says: /leave them out where firewall is None|leave it out where firewall is None/,
  },
]
