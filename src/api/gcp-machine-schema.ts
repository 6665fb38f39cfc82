import { gcpBounds, gcpDiskTypes, gcpPatterns } from '../model/gcp-names.ts'
import { list, map, object } from './schema/containers.ts'
import { bool, choice, integer, text } from './schema/scalars.ts'
import { keysMatching, matching, optional } from './schema/schema.ts'

export const named = (pattern: RegExp, description: string, message: string, max = 63) =>
  text({ description, min: 1, max, rules: [matching(pattern, message)] })

export const projectMax = 130

export const serviceAccount = object({
  description:
    'The service account of the machines: tasks may then do what it may. The operator must be told to allow it (--allow-machine-identities). Default: none, and tasks cannot ask the metadata service.',
  others: 'refused',
  fields: {
    email: named(
      gcpPatterns.email,
      'Its e-mail. The credentials need iam.serviceAccounts.actAs for it.',
      'must be the e-mail of a service account: NAME@PROJECT.iam.gserviceaccount.com',
      255,
    ),
    scopes: optional(
      list({
        description: 'What its tokens may be used for. Default: cloud-platform, so that IAM alone decides.',
        items: named(
          gcpPatterns.scope,
          'One of them.',
          'must be the URL of a scope, for example https://www.googleapis.com/auth/devstorage.read_only',
          140,
        ),
        max: gcpBounds.scopes,
      }),
    ),
  },
})

export const image = object({
  description:
    'What the machines boot: exactly one of family and name. It needs systemd 247, cloud-init and Python 3.9, or newer. ' +
    "Default: Canonical's current Ubuntu 24.04 for the architecture of each size.",
  others: 'refused',
  fields: {
    family: optional(
      named(gcpPatterns.name, 'The newest image of this family.', 'must be the name of an image family'),
    ),
    name: optional(named(gcpPatterns.name, 'This image.', 'must be the name of an image')),
    project: optional(
      named(
        gcpPatterns.project,
        'Where the image is. Default: the project of the cluster.',
        'must be the id of a project',
        projectMax,
      ),
    ),
  },
  rules: [
    {
      cel: 'has(self.family) != has(self.name)',
      message: 'choose one image: exactly one of family and name must be set',
      holds: ({ family, name }) => (family === undefined) !== (name === undefined),
    },
  ],
})

export const disk = object({
  description: 'The disk that each machine boots from. It goes with the machine.',
  others: 'refused',
  fields: {
    sizeGiB: optional(
      integer({ description: 'Default: what the image needs, and at least 30.', ...gcpBounds.diskGiB }),
    ),
    type: optional(
      choice({
        description:
          'Default: pd-balanced. Sizes of some families, C4 and N4 among them, take hyperdisk-balanced only.',
        values: gcpDiskTypes,
      }),
    ),
    kmsKey: optional(
      named(
        gcpPatterns.kmsKey,
        "Whole name of the Cloud KMS key that encrypts it: projects/P/locations/L/keyRings/R/cryptoKeys/K. Default: Google's own.",
        'must be the whole name of a key: projects/P/locations/L/keyRings/R/cryptoKeys/K',
        400,
      ),
    ),
  },
})

export const shieldedVm = object({
  description: 'How machines guard what they boot.',
  others: 'refused',
  fields: {
    secureBoot: optional(
      bool({ description: 'Only signed boot loaders, kernels and drivers are started. Default: true.' }),
    ),
    vtpm: optional(bool({ description: 'A virtual TPM. Default: true.' })),
    integrityMonitoring: optional(
      bool({ description: 'Whether each boot is compared with the first. Default: that of vtpm.' }),
    ),
  },
  rules: [
    {
      cel: '!has(self.vtpm) || self.vtpm || !has(self.integrityMonitoring) || !self.integrityMonitoring',
      message: 'integrityMonitoring needs the vTPM: leave one of the two out',
      holds: ({ vtpm, integrityMonitoring }) => vtpm !== false || integrityMonitoring !== true,
    },
  ],
})

export const gpu = object({
  description:
    'GPUs that each worker of every group gets, for sizes that have none of their own, such as n1-standard-8. Sizes such as g2-standard-8 have theirs already. Either needs an image with a driver.',
  others: 'refused',
  fields: {
    type: named(gcpPatterns.gpu, 'For example nvidia-tesla-t4.', 'must be the name of an accelerator type'),
    count: optional(integer({ description: 'Of one machine. Default: 1.', ...gcpBounds.gpus })),
    driver: optional(
      choice({
        description:
          "Preinstalled: the image has it. Install: the image installs it when it first boots, as Google's Deep Learning VM images do where they are told to. Default: Preinstalled.",
        values: ['Preinstalled', 'Install'],
      }),
    ),
  },
})

export const labels = map({
  description:
    "Labels of your own on machines and disks, for example for bills. The operator's own go over them.",
  max: gcpBounds.labels,
  values: text({
    description: 'The value.',
    max: 63,
    rules: [matching(gcpPatterns.labelValue, 'must be lower-case letters, digits, _ and -')],
  }),
  rules: [
    keysMatching(
      gcpPatterns.labelKey,
      'names of labels are made of lower-case letters, digits, _ and -, begin with a letter and have at most 63 characters',
    ),
    {
      cel: "!self.exists(key, key.startsWith('goog') || key.startsWith('dask-'))",
      message: 'names of labels that begin with goog or dask- are not yours to give: remove them',
      holds: value => !Object.keys(value).some(key => gcpPatterns.reservedLabel.test(key)),
    },
  ],
})

export const networkTags = list({
  description: 'Network tags of your own on every machine, for firewall rules and routes of yours.',
  items: text({
    description: 'One of them.',
    min: 1,
    max: 63,
    rules: [
      matching(
        gcpPatterns.tag,
        'must be lower-case letters, digits and -, begin with a letter and end with none of -',
      ),
      {
        cel: "!self.startsWith('dask-')",
        message: 'a tag that begins with dask- lets into a cluster: choose another name',
        holds: value => !gcpPatterns.reservedTag.test(value),
      },
    ],
  }),
  max: gcpBounds.networkTags,
})
