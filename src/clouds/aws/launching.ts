import type { InstanceNetworkInterfaceSpecification, RunInstancesCommandInput } from '@aws-sdk/client-ec2'
import { compressed } from '../../lib/compression.ts'
import type { LaunchRequest } from '../contract.ts'
import type { Marks } from '../marks.ts'
import { readHandle } from './handle.ts'
import { type Offering, readOffering } from './offerings.ts'
import type { AwsSettings } from './settings.ts'
import { onEach, written } from './tags.ts'

/** The one request of a launch: whoever renders it from the same record gets the same bytes, so that its token fits. */
export function runRequest(
  request: LaunchRequest,
  settings: AwsSettings,
  tags: Marks,
): RunInstancesCommandInput {
  const offering = readOffering(request.offering)
  const { instanceProfile, keyPair, placementGroup, tenancy } = settings
  const isScheduler = request.role === 'scheduler'
  const named = written(settings.tags, `${request.owner.key} ${request.group}`, tags)
  return {
    ClientToken: request.token,
    MinCount: 1,
    MaxCount: request.count,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the SDK lists the sizes of its own day; AWS knows more
    InstanceType: offering.size as NonNullable<RunInstancesCommandInput['InstanceType']>,
    ImageId: offering.image,
    UserData: encoded(request.userData),
    NetworkInterfaces: [isScheduler ? keptInterface(request) : ownInterface(request, offering, settings)],
    BlockDeviceMappings: [rootDisk(offering, settings)],
    InstanceInitiatedShutdownBehavior: 'terminate',
    // A container or a task behind a proxy is one hop further away: it gets no answer.
    MetadataOptions: {
      HttpEndpoint: 'enabled',
      HttpTokens: 'required',
      HttpPutResponseHopLimit: 1,
      InstanceMetadataTags: 'disabled',
    },
    TagSpecifications: onEach(
      isScheduler ? ['instance', 'volume'] : ['instance', 'volume', 'network-interface'],
      named,
    ),
    ...(offering.purchasing === 'Spot' ? { InstanceMarketOptions: spot } : {}),
    ...(instanceProfile === undefined ? {} : { IamInstanceProfile: profile(instanceProfile) }),
    ...(keyPair === undefined ? {} : { KeyName: keyPair }),
    ...(placementGroup === undefined && tenancy === undefined
      ? {}
      : {
          Placement: {
            ...(placementGroup === undefined ? {} : { GroupName: placementGroup }),
            ...(tenancy === undefined ? {} : { Tenancy: tenancy }),
          },
        }),
  }
}

const spot = {
  MarketType: 'spot',
  SpotOptions: { SpotInstanceType: 'one-time', InstanceInterruptionBehavior: 'terminate' },
} as const

/** As EC2 takes it; cloud-init reads compressed text as it is. */
export const encoded = (userData: string): string => compressed(userData).toString('base64')

const keptInterface = ({ address }: LaunchRequest): InstanceNetworkInterfaceSpecification => ({
  DeviceIndex: 0,
  NetworkInterfaceId: readHandle(address?.handle).interface,
})

function ownInterface(
  { address, exposure }: LaunchRequest,
  { subnet }: Offering,
  { securityGroups, workerAddresses }: AwsSettings,
): InstanceNetworkInterfaceSpecification {
  return {
    DeviceIndex: 0,
    SubnetId: subnet,
    Groups: [...(securityGroups?.workers ?? [readHandle(address?.handle).workers])],
    // Nobody calls a worker from outside: it needs the address to fetch its software, where the subnet has no NAT.
    AssociatePublicIpAddress: exposure === 'Public' && workerAddresses === 'Public',
    DeleteOnTermination: true,
  }
}

function rootDisk({ rootDevice, diskGiB }: Offering, { disk }: AwsSettings) {
  const { type, iops, throughputMiBps, encrypted: isEncrypted, kmsKey } = disk
  return {
    DeviceName: rootDevice,
    Ebs: {
      VolumeSize: diskGiB,
      VolumeType: type,
      Encrypted: isEncrypted,
      DeleteOnTermination: true,
      ...(kmsKey === undefined ? {} : { KmsKeyId: kmsKey }),
      ...(iops === undefined ? {} : { Iops: iops }),
      ...(throughputMiBps === undefined ? {} : { Throughput: throughputMiBps }),
    },
  }
}

const profile = (name: string) => (name.startsWith('arn:') ? { Arn: name } : { Name: name })
