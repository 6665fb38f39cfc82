import { gcpBounds, gcpPatterns } from '../model/gcp-names.ts'
import {
  disk,
  gpu,
  image,
  labels,
  named,
  networkTags,
  projectMax,
  serviceAccount,
  shieldedVm,
} from './gcp-machine-schema.ts'
import { cidr } from './network-schema.ts'
import { list, object } from './schema/containers.ts'
import { bool, choice, text } from './schema/scalars.ts'
import { matching, optional } from './schema/schema.ts'

const fixed = (what: string) => ({
  cel: 'self == oldSelf',
  message: `the ${what} of a cluster cannot change, since its machines are there; create a new cluster instead`,
})

const project = text({
  description: 'Id of the project that the machines are in and that pays. It cannot change afterwards.',
  min: 6,
  max: projectMax,
  rules: [
    matching(gcpPatterns.project, 'must be the id of a project, for example acme-data-123'),
    fixed('project'),
  ],
})

const region = text({
  description: 'For example us-central1. It cannot change afterwards.',
  min: 1,
  max: 32,
  rules: [
    matching(gcpPatterns.region, 'must be the name of a region, for example us-central1'),
    fixed('region'),
  ],
})

const zones = list({
  description: 'Zones of the region, in the order they are tried. Default: Google chooses among all of them.',
  items: named(gcpPatterns.zone, 'One of them.', 'must be the name of a zone, for example us-central1-a'),
  max: gcpBounds.zones,
})

const sshCIDRs = list({
  description: 'Who may reach SSH on the machines, by a rule of its own. Default: nobody.',
  items: cidr,
  max: gcpBounds.sshCIDRs,
})

/** `spec.cloud.gcp`. */
export const gcp = object({
  description: 'Machines of Google Compute Engine.',
  others: 'refused',
  fields: {
    project,
    region,
    zones: optional(zones),
    network: optional(
      named(
        gcpPatterns.network,
        'Name of the VPC network, or projects/HOST/global/networks/NAME of a shared one. Default: default.',
        'must be the name of a network, or projects/HOST/global/networks/NAME',
        240,
      ),
    ),
    subnetwork: optional(
      named(
        gcpPatterns.subnetwork,
        "Name of a subnetwork in the region, or projects/HOST/regions/REGION/subnetworks/NAME of a shared one. Default: the network's own of the region, which networks in auto mode have.",
        'must be the name of a subnetwork, or projects/HOST/regions/REGION/subnetworks/NAME',
        270,
      ),
    ),
    serviceAccount: optional(serviceAccount),
    image: optional(image),
    disk: optional(disk),
    shieldedVm: optional(shieldedVm),
    gpu: optional(gpu),
    labels: optional(labels),
    networkTags: optional(networkTags),
    firewall: optional(
      choice({
        description:
          'Managed makes rules for the cluster and deletes them with it; None makes none: yours must let clients, the operator and the workers reach 8786 of ' +
          'the scheduler, and the scheduler and the workers 9000 and 9001 of the workers. A shared VPC needs None. Default: Managed.',
        values: ['Managed', 'None'],
      }),
    ),
    sshCIDRs: optional(sshCIDRs),
    workerAddresses: optional(
      choice({
        description:
          'Whether workers have external addresses where spec.network.exposure is Public. Without one they need Cloud NAT to fetch their software. Default: External.',
        values: ['External', 'Internal'],
      }),
    ),
    osLogin: optional(bool({ description: 'Lets in over SSH whom IAM allows. Default: false.' })),
    serialConsole: optional(bool({ description: 'Opens the interactive serial console. Default: false.' })),
    projectSshKeys: optional(
      bool({ description: 'Whether SSH keys of the whole project are taken. Default: false.' }),
    ),
  },
  rules: [
    {
      cel: "!has(self.zones) || self.zones.all(zone, zone.startsWith(self.region + '-'))",
      message: 'zones must be of the region',
      holds: ({ zones: some = [], region: where }) => some.every(zone => zone.startsWith(`${where}-`)),
    },
    {
      cel: "!has(self.subnetwork) || !self.subnetwork.contains('/') || self.subnetwork.contains('/regions/' + self.region + '/')",
      message: 'the subnetwork must be in the region',
      holds: ({ subnetwork = '', region: where }) =>
        !subnetwork.includes('/') || subnetwork.includes(`/regions/${where}/`),
    },
    {
      cel: "!has(self.network) || !self.network.contains('/') || (has(self.subnetwork) && self.subnetwork.startsWith(self.network.split('/global/')[0] + '/'))",
      message: 'a network of another project needs a subnetwork of the same project, by its whole name',
      holds: ({ network = '', subnetwork = '' }) =>
        !network.includes('/') || subnetwork.startsWith(`${network.split('/global/')[0]}/`),
    },
    {
      cel:
        "(has(self.firewall) && self.firewall == 'None') || (" +
        "(!has(self.network) || !self.network.contains('/') || self.network.startsWith('projects/' + self.project + '/')) && " +
        "(!has(self.subnetwork) || !self.subnetwork.contains('/') || self.subnetwork.startsWith('projects/' + self.project + '/')))",
      message: 'firewall must be None in a network of another project: its rules are made there, by hand',
      holds: ({ project: own, network, subnetwork, firewall }) =>
        firewall === 'None' ||
        [network, subnetwork].every(
          each => each?.includes('/') !== true || each.startsWith(`projects/${own}/`),
        ),
    },
    {
      cel: '!has(self.gpu) || has(self.image)',
      message: 'a gpu needs an image that has a driver, or installs one: name it in image',
      holds: ({ gpu: some, image: chosen }) => some === undefined || chosen !== undefined,
    },
    {
      cel: "!has(self.sshCIDRs) || size(self.sshCIDRs) == 0 || !has(self.firewall) || self.firewall == 'Managed'",
      message: 'sshCIDRs need rules of the operator: leave them out where firewall is None',
      holds: ({ sshCIDRs: ranges = [], firewall }) => ranges.length === 0 || firewall !== 'None',
    },
  ],
})
