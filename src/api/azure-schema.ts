import { azureBounds, azureSecurityTypes, azurePatterns as patterns } from '../model/azure-names.ts'
import { adminUsername, identities, image, named, osDisk, tags } from './azure-machine-schema.ts'
import { cidr } from './network-schema.ts'
import { list, object } from './schema/containers.ts'
import { bool, choice, text } from './schema/scalars.ts'
import { matching, optional } from './schema/schema.ts'

const fixed = (what: string) => ({
  cel: 'self == oldSelf',
  message: `the ${what} of a cluster cannot change, since its machines are there; create a new cluster instead`,
})

const subscriptionId = text({
  description: 'Id of the subscription that the machines are in and that pays. It cannot change afterwards.',
  min: 36,
  max: 36,
  rules: [
    matching(patterns.guid, 'must be the id of a subscription: 00000000-0000-0000-0000-000000000000'),
    fixed('subscription'),
  ],
})

const location = text({
  description: 'For example westeurope. It cannot change afterwards.',
  min: 1,
  max: 40,
  rules: [
    matching(patterns.location, 'must be the name of a location as az writes it, for example westeurope'),
    fixed('location'),
  ],
})

const zones = list({
  description:
    'Availability zones of the location, in the order they are tried. Default: Azure chooses, outside of zones.',
  items: named(patterns.zone, 'One of them.', 'must be the number of a zone, for example "1"', 1),
  max: azureBounds.zones,
})

const groupName = (description: string) =>
  named(
    patterns.resourceGroup,
    description,
    'must be the name of a resource group: at most 90 letters, digits, _, -, ( ), and . but not at the end',
    90,
  )

const subnet = object({
  description:
    'A subnet of a virtual network of yours, in the subscription and location. Default: a network is made for the cluster, and goes with it.',
  others: 'refused',
  fields: {
    resourceGroup: groupName('The resource group of the virtual network.'),
    virtualNetwork: named(patterns.virtualNetwork, 'Its name.', 'must be the name of a virtual network', 64),
    name: named(patterns.name, 'The name of the subnet.', 'must be the name of a subnet'),
  },
})

const networkSecurityGroup = object({
  description:
    'A network security group of yours for all machines, in the subscription and location. The operator makes no rules then: yours must let clients, ' +
    'the operator and the workers reach 8786 of the scheduler, and the scheduler and the workers 9000 and 9001 of the workers. Default: rules are made for the cluster, and go with it.',
  others: 'refused',
  fields: {
    resourceGroup: groupName('The resource group that it is in.'),
    name: named(patterns.name, 'Its name.', 'must be the name of a network security group'),
  },
})

/** `spec.cloud.azure`. */
export const azure = object({
  description: 'Virtual machines of Azure.',
  others: 'refused',
  fields: {
    subscriptionId,
    location,
    zones: optional(zones),
    resourceGroup: optional(
      groupName(
        'An existing resource group for all that the cluster needs. It cannot change afterwards. Default: one is made for the cluster, dask-UID, and goes with it.',
      ),
    ),
    subnet: optional(subnet),
    networkSecurityGroup: optional(networkSecurityGroup),
    image: optional(image),
    osDisk: optional(osDisk),
    encryptionAtHost: optional(
      bool({
        description:
          'Whether the host encrypts disks and caches. The feature EncryptionAtHost of Microsoft.Compute must be registered in the subscription. Default: false.',
      }),
    ),
    securityType: optional(
      choice({
        description:
          'TrustedLaunch has secure boot and a virtual TPM; ConfidentialVM encrypts memory, too, for sizes that can. Default: TrustedLaunch where size and image allow it, else Standard.',
        values: azureSecurityTypes,
      }),
    ),
    identities: optional(identities),
    tags: optional(tags),
    adminUsername: optional(adminUsername),
    sshPublicKey: optional(
      named(
        patterns.sshPublicKey,
        'The public key that SSH takes, ssh-ed25519 or ssh-rsa. Default: one whose private half nobody has.',
        'must be a public key as OpenSSH writes it in one line: ssh-ed25519 or ssh-rsa, and the key',
        1_800,
      ),
    ),
    sshCIDRs: optional(
      list({
        description: 'Who may reach SSH on the machines, by a rule of its own. Default: nobody.',
        items: cidr,
        max: azureBounds.sshCIDRs,
      }),
    ),
    workerAddresses: optional(
      choice({
        description:
          'Whether workers have public addresses where spec.network.exposure is Public. Without one they need a subnet of yours with a way out, such as a NAT gateway. Default: Public.',
        values: ['Public', 'None'],
      }),
    ),
  },
  rules: [
    {
      cel: "!has(self.workerAddresses) || self.workerAddresses == 'Public' || has(self.subnet)",
      message:
        'workerAddresses None needs a subnet of yours with a way out, such as a NAT gateway: name it in subnet',
      holds: ({ workerAddresses, subnet: own }) => workerAddresses !== 'None' || own !== undefined,
    },
    {
      cel: '!has(self.sshCIDRs) || size(self.sshCIDRs) == 0 || !has(self.networkSecurityGroup)',
      message: 'sshCIDRs need rules of the operator: leave them out where networkSecurityGroup is set',
      holds: ({ sshCIDRs: ranges = [], networkSecurityGroup: own }) =>
        ranges.length === 0 || own === undefined,
    },
    {
      cel: "!has(self.securityType) || self.securityType != 'ConfidentialVM' || !has(self.osDisk) || !has(self.osDisk.ephemeral) || !self.osDisk.ephemeral",
      message: 'a ConfidentialVM has no ephemeral disk here: leave osDisk.ephemeral or securityType out',
      holds: ({ securityType, osDisk: disk }) =>
        securityType !== 'ConfidentialVM' || disk?.ephemeral !== true,
    },
  ],
})
