import { aws } from './aws-schema.ts'
import { azure } from './azure-schema.ts'
import { digitalOcean } from './digitalocean-schema.ts'
import { gcp } from './gcp-schema.ts'
import { exactlyOne, object } from './schema/containers.ts'
import { integer, text } from './schema/scalars.ts'
import { matching, optional } from './schema/schema.ts'

const local = object({
  description:
    'Runs the cluster as processes of the machine that the operator runs on, with the same boot text that a cloud ' +
    'machine gets. For trying things out: only where the operator was started with --allow-clouds local.',
  others: 'refused',
  fields: {
    python: optional(
      text({
        description:
          'Absolute path of a Python interpreter on the machine of the operator that the environment of the ' +
          "cluster is made from. Default: the operator's own setting.",
        min: 1,
        max: 240,
        rules: [
          matching(
            /^\/[^\p{Cc}\p{Zl}\p{Zp}]*$/u,
            'must be an absolute path, for example /usr/bin/python3, without control characters',
          ),
        ],
      }),
    ),
  },
})

const simulated = object({
  description:
    'Pretends: machines exist in the memory of the operator alone and run nothing. For tests and demonstrations: ' +
    'only where the operator was started with --allow-clouds simulated.',
  others: 'refused',
  fields: {
    startupSeconds: optional(
      integer({
        description: "How long a machine takes to start. Default: the operator's own setting.",
        min: 0,
        max: 3600,
      }),
    ),
  },
})

const members = { aws, azure, digitalOcean, gcp, local, simulated }

/** Clouds that are none: only for whom the operator was told to. */
export const trialClouds: readonly string[] = ['local', 'simulated']

/** The clouds whose settings this version of the custom resource describes. */
export const cloudNames: readonly string[] = Object.keys(members)

export const cloud = exactlyOne({
  description: `Where the machines of the cluster come from: exactly one of ${cloudNames.join(', ')}. It cannot change afterwards.`,
  members,
  message: `choose one cloud: exactly one of ${cloudNames.join(', ')} must be set`,
  rules: [
    {
      cel: cloudNames.map(name => `has(self.${name}) == has(oldSelf.${name})`).join(' && '),
      message:
        'the cloud of a cluster cannot change, since its machines are there; create a new cluster instead',
    },
    {
      cel:
        '!has(self.azure) || !has(oldSelf.azure) || (has(self.azure.resourceGroup) == has(oldSelf.azure.resourceGroup) && ' +
        '(!has(self.azure.resourceGroup) || self.azure.resourceGroup == oldSelf.azure.resourceGroup))',
      message:
        'the resource group of a cluster cannot change, since its machines are there; create a new cluster instead',
    },
    {
      cel:
        '!has(self.digitalOcean) || !has(oldSelf.digitalOcean) || ' +
        "(has(self.digitalOcean.firewall) && self.digitalOcean.firewall == 'None') == (has(oldSelf.digitalOcean.firewall) && oldSelf.digitalOcean.firewall == 'None')",
      message:
        'whose the firewall of a cluster is cannot change, since its machines are behind it; create a new cluster instead',
    },
  ],
})
