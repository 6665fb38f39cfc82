import {
  digitalOceanBounds as bounds,
  digitalOceanPatterns as patterns,
} from '../model/digitalocean-names.ts'
import { cidr } from './network-schema.ts'
import { list, object } from './schema/containers.ts'
import { bool, choice, integer, text } from './schema/scalars.ts'
import { matching, optional } from './schema/schema.ts'

const named = (pattern: RegExp, description: string, message: string, max = 63) =>
  text({ description, min: 1, max, rules: [matching(pattern, message)] })

const region = text({
  description: 'For example nyc3. It cannot change afterwards.',
  min: 4,
  max: 5,
  rules: [
    matching(patterns.region, 'must be the name of a region, for example nyc3'),
    {
      cel: 'self == oldSelf',
      message:
        'the region of a cluster cannot change, since its machines are there; create a new cluster instead',
    },
  ],
})

const image = object({
  description:
    'What the machines boot: exactly one of slug and id. It needs systemd 247, cloud-init and Python 3.9, or newer. ' +
    "Default: Ubuntu 24.04, and for sizes with a GPU DigitalOcean's own image with its driver.",
  others: 'refused',
  fields: {
    slug: optional(
      named(
        patterns.imageSlug,
        'An image of DigitalOcean, for example ubuntu-24-04-x64.',
        'must be the slug of an image, for example ubuntu-24-04-x64',
      ),
    ),
    id: optional(
      integer({ description: "The number of a snapshot or an image of the team's own.", ...bounds.imageId }),
    ),
  },
  rules: [
    {
      cel: 'has(self.slug) != has(self.id)',
      message: 'choose one image: exactly one of slug and id must be set',
      holds: ({ slug, id }) => (slug === undefined) !== (id === undefined),
    },
  ],
})

const tags = list({
  description:
    'Tags of your own on every machine, for example for bills. They are made where they are not there.',
  items: text({
    description: 'One of them.',
    min: 1,
    max: 255,
    rules: [
      matching(patterns.tag, 'must be letters, digits, colons, dashes and underscores'),
      {
        cel: "!self.lowerAscii().startsWith('dask-')",
        message: 'a tag that begins with dask- lets into a cluster: choose another name',
        holds: value => !patterns.reservedTag.test(value),
      },
    ],
  }),
  max: bounds.tags,
})

/** `spec.cloud.digitalOcean`. */
export const digitalOcean = object({
  description: 'Droplets of DigitalOcean.',
  others: 'refused',
  fields: {
    region,
    vpc: optional(
      named(
        patterns.uuid,
        "Id of the VPC in the region that the machines are in. Default: the region's default one.",
        'must be the id of a VPC, as doctl vpcs list shows it',
        36,
      ),
    ),
    image: optional(image),
    sshKeys: optional(
      list({
        description:
          'Keys of the team that the machines take: numbers or fingerprints. Without one DigitalOcean sends a mail with a password for each machine.',
        items: named(
          patterns.sshKey,
          'One of them.',
          'must be the number or the fingerprint of a key, as doctl compute ssh-key list shows them',
        ),
        max: bounds.sshKeys,
      }),
    ),
    tags: optional(tags),
    monitoring: optional(
      bool({ description: "Whether DigitalOcean's agent for metrics is installed. Default: false." }),
    ),
    ipv6: optional(bool({ description: 'Whether machines have an IPv6 address, too. Default: false.' })),
    firewall: optional(
      choice({
        description:
          'Managed makes a cloud firewall for the cluster and deletes it with it; None makes none: yours must let clients, the operator and the workers ' +
          'reach 8786 of the scheduler, and the scheduler and the workers 9000 and 9001 of the workers. It cannot change afterwards. Default: Managed.',
        values: ['Managed', 'None'],
      }),
    ),
    sshCIDRs: optional(
      list({
        description: 'Who may reach SSH on the machines, by a rule of its own. Default: nobody.',
        items: cidr,
        max: bounds.sshCIDRs,
      }),
    ),
    workerAddresses: optional(
      choice({
        description:
          'Whether workers have public addresses where spec.network.exposure is Public. They are reached by their private ones either way; ' +
          'without a public one they need a NAT gateway in the VPC to fetch their software. Default: Public.',
        values: ['Public', 'Private'],
      }),
    ),
  },
  rules: [
    {
      cel: "!has(self.sshCIDRs) || size(self.sshCIDRs) == 0 || !has(self.firewall) || self.firewall == 'Managed'",
      message: 'sshCIDRs need rules of the operator: leave them out where firewall is None',
      holds: ({ sshCIDRs: ranges = [], firewall }) => ranges.length === 0 || firewall !== 'None',
    },
  ],
})
