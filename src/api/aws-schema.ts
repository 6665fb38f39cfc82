import { awsBounds, awsPatterns, diskTypes } from '../model/aws-names.ts'
import { cidr } from './network-schema.ts'
import { list, map, object } from './schema/containers.ts'
import { bool, choice, integer, text } from './schema/scalars.ts'
import { keysMatching, matching, optional } from './schema/schema.ts'

const named = (pattern: RegExp, description: string, message: string, max = 255) =>
  text({ description, min: 1, max, rules: [matching(pattern, message)] })

const groupIds = (whose: string) =>
  list({
    description: `Ids of the security groups of ${whose}.`,
    items: named(
      awsPatterns.securityGroup,
      'One of them.',
      'must be the id of a security group, for example sg-0123456789abcdef0',
    ),
    max: awsBounds.groups,
    rules: [
      { cel: 'size(self) > 0', message: 'name at least one security group', holds: ids => ids.length > 0 },
    ],
  })

const securityGroups = object({
  description:
    'Security groups of your own, whose rules are yours: the scheduler must be reached on 8786 by clients, the operator and the ' +
    'workers; workers on 9000 and 9001 by each other and the scheduler. Default: two groups are made for the cluster, with ' +
    'exactly these rules, and deleted with it.',
  others: 'refused',
  fields: { scheduler: groupIds('the scheduler'), workers: groupIds('the workers') },
})

const image = object({
  description:
    'What the machines boot: exactly one of id, parameter and newest. It needs systemd 247, cloud-init and Python 3.9, or newer. ' +
    "Default: Canonical's current Ubuntu 24.04 for the architecture of each size; for sizes with an NVIDIA GPU AWS's own image " +
    'with its driver.',
  others: 'refused',
  fields: {
    id: optional(
      named(
        awsPatterns.image,
        'Id of an image in the region.',
        'must be the id of an image, for example ami-0123456789abcdef0',
      ),
    ),
    parameter: optional(
      named(
        awsPatterns.parameter,
        'Name of an SSM parameter that holds the id of an image, for example one that AWS keeps up to date.',
        'must be the name of an SSM parameter',
        1011,
      ),
    ),
    newest: optional(
      object({
        description: 'The newest image of an owner by its name.',
        others: 'refused',
        fields: {
          owner: named(
            awsPatterns.owner,
            'Account id, or self, amazon or aws-marketplace.',
            'must be 12 digits, self, amazon or aws-marketplace',
            15,
          ),
          name: named(
            awsPatterns.imageName,
            'Name, with * for anything.',
            'must be 3 to 128 characters as names of images have them',
            128,
          ),
        },
      }),
    ),
  },
  rules: [
    {
      cel: '[has(self.id), has(self.parameter), has(self.newest)].exists_one(member, member)',
      message: 'choose one image: exactly one of id, parameter and newest must be set',
      holds: ({ id, parameter, newest }) =>
        [id, parameter, newest].filter(each => each !== undefined).length === 1,
    },
  ],
})

const disk = object({
  description: 'The disk of each machine. It goes with the machine.',
  others: 'refused',
  fields: {
    sizeGiB: optional(
      integer({ description: 'Default: what the image needs, and at least 30.', ...awsBounds.diskGiB }),
    ),
    type: optional(choice({ description: 'Kind of EBS volume. Default: gp3.', values: diskTypes })),
    iops: optional(
      integer({ description: 'For gp3, io1 and io2. Default: what AWS gives.', ...awsBounds.iops }),
    ),
    throughputMiBps: optional(
      integer({ description: 'For gp3. Default: what AWS gives.', ...awsBounds.throughputMiBps }),
    ),
    encrypted: optional(bool({ description: 'Default: true.' })),
    kmsKey: optional(
      named(
        awsPatterns.kmsKey,
        "Id, alias or ARN of the key that encrypts it. Default: the account's own for EBS.",
        'must be the id, alias or ARN of a KMS key',
        2048,
      ),
    ),
  },
  rules: [
    {
      cel: '!has(self.kmsKey) || !has(self.encrypted) || self.encrypted',
      message: 'a kmsKey needs an encrypted disk: remove encrypted: false',
      holds: ({ kmsKey, encrypted }) => kmsKey === undefined || encrypted !== false,
    },
  ],
})

const tags = map({
  description:
    "Tags of your own on everything that is made, for example for bills. The operator's own go over them.",
  max: awsBounds.tags,
  values: text({
    description: 'The value.',
    max: 256,
    rules: [matching(awsPatterns.tagValue, 'must be letters, digits, spaces and _ . : / = + - @')],
  }),
  rules: [
    keysMatching(
      awsPatterns.tagKey,
      'names of tags are made of letters, digits, spaces and _ . : / = + - @ and have at most 128 characters',
    ),
    {
      cel: "!self.exists(key, key.lowerAscii().startsWith('aws:') || key.lowerAscii().startsWith('cloud.dask.org/') || key == 'Name')",
      message:
        'names of tags that begin with aws: or cloud.dask.org/, and Name, are not yours to give: remove them',
      holds: value => !Object.keys(value).some(key => awsPatterns.reservedTag.test(key) || key === 'Name'),
    },
  ],
})

const zones = list({
  description:
    "Availability zones, in the order they are tried. Default: all that the region's default VPC, or vpc, has a subnet in.",
  items: named(awsPatterns.zone, 'One of them.', 'must be the name of a zone, for example us-east-1a', 64),
  max: awsBounds.zones,
})

const subnets = list({
  description: 'Subnets of one VPC, in the order they are tried. Default: one of each zone.',
  items: named(
    awsPatterns.subnet,
    'One of them.',
    'must be the id of a subnet, for example subnet-0123456789abcdef0',
  ),
  max: awsBounds.subnets,
})

const sshCIDRs = list({
  description:
    'Who may reach SSH on the machines, where the security groups are made for the cluster. Default: nobody.',
  items: cidr,
  max: awsBounds.sshCIDRs,
})

const region = text({
  description: 'For example us-east-1. It cannot change afterwards.',
  min: 1,
  max: 32,
  rules: [
    matching(awsPatterns.region, 'must be the name of a region, for example us-east-1'),
    {
      cel: 'self == oldSelf',
      message:
        'the region of a cluster cannot change, since its machines are there; create a new cluster instead',
    },
  ],
})

/** `spec.cloud.aws`. */
export const aws = object({
  description: 'Machines of Amazon EC2.',
  others: 'refused',
  fields: {
    region,
    zones: optional(zones),
    subnets: optional(subnets),
    vpc: optional(
      named(
        awsPatterns.vpc,
        "Where subnets are looked for. Default: the region's default VPC.",
        'must be the id of a VPC, for example vpc-0123456789abcdef0',
      ),
    ),
    securityGroups: optional(securityGroups),
    sshCIDRs: optional(sshCIDRs),
    instanceProfile: optional(
      named(
        awsPatterns.instanceProfile,
        'Name or ARN of the instance profile that machines carry: the operator must be told to allow it (--allow-machine-identities). Default: none.',
        'must be the name or ARN of an instance profile',
        600,
      ),
    ),
    keyPair: optional(
      named(
        awsPatterns.name,
        'Name of the key pair for SSH. Default: none.',
        'must be the name of a key pair',
      ),
    ),
    image: optional(image),
    disk: optional(disk),
    tags: optional(tags),
    placementGroup: optional(
      named(
        awsPatterns.name,
        'Name of the placement group that machines are put in. Default: none.',
        'must be the name of a placement group',
      ),
    ),
    tenancy: optional(
      choice({
        description: 'Whether machines share hardware with other accounts. Default: that of the VPC.',
        values: ['default', 'dedicated'],
      }),
    ),
    workerAddresses: optional(
      choice({
        description:
          'Whether workers have public addresses where spec.network.exposure is Public. Without one their subnets need another way out to fetch their software, a NAT gateway for one. Default: Public.',
        values: ['Public', 'Private'],
      }),
    ),
  },
  rules: [
    {
      cel: '!has(self.zones) || !has(self.subnets)',
      message: 'name zones or subnets, not both: a subnet is in one zone',
      holds: ({ zones: some, subnets: others }) => some === undefined || others === undefined,
    },
  ],
})
