import type { Rate } from '../../lib/token-bucket.ts'
import { Gate } from '../gate.ts'

/** What a call may be allowed on, in a policy: everything of its kind, only what it tags as ours, or only what is tagged so. */
export type Reach = 'any' | 'makes-tagged' | 'only-ours'

export interface CallFacts {
  readonly service: 'ec2' | 'sts' | 'ssm'
  /** Calls of one bucket share its rate. */
  readonly bucket: keyof typeof rates
  readonly reach: Reach
  /** Resource kinds of `makes-tagged` and `only-ours`, as IAM names them. */
  readonly on?: readonly string[]
  /** What else it needs to name, whoever owns that. */
  readonly beside?: readonly string[]
  /** Calls that give back come before calls that take. */
  readonly isFirst?: true
}

/**
 * EC2's documented buckets an account and region, a little under: whoever else works in the account takes from the same.
 * https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
 */
export const rates = {
  run: { size: 4, perSecond: 1.8 },
  terminate: { size: 80, perSecond: 4 },
  read: { size: 45, perSecond: 9 },
  change: { size: 40, perSecond: 4 },
  other: { size: 20, perSecond: 5 },
  /** STS has its own: 600 a second. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
  identity: { size: 50, perSecond: 20 },
} as const satisfies Record<string, Rate>

/** Beside its requests, RunInstances has a bucket of machines. */
export const runMachines: Rate = { size: 1_000, perSecond: 1.8 }
export const terminateMachines: Rate = { size: 900, perSecond: 18 }

const read = { service: 'ec2', bucket: 'read', reach: 'any' } as const

/** Every call there is. The policy that `npm run iam-policy -- aws` prints is made of this, and no other call can be made. */
export const calls = {
  RunInstances: {
    service: 'ec2',
    bucket: 'run',
    reach: 'makes-tagged',
    on: ['instance', 'volume'],
    beside: [
      'image',
      'snapshot',
      'subnet',
      'security-group',
      'network-interface',
      'key-pair',
      'placement-group',
    ],
  },
  TerminateInstances: {
    service: 'ec2',
    bucket: 'terminate',
    reach: 'only-ours',
    on: ['instance'],
    isFirst: true,
  },
  GetConsoleOutput: { service: 'ec2', bucket: 'other', reach: 'only-ours', on: ['instance'] },
  DescribeInstances: read,
  DescribeNetworkInterfaces: read,
  DescribeAddresses: read,
  DescribeSecurityGroups: read,
  DescribeSubnets: read,
  DescribeImages: read,
  DescribeInstanceTypes: read,
  CreateNetworkInterface: {
    service: 'ec2',
    bucket: 'change',
    reach: 'makes-tagged',
    on: ['network-interface'],
    beside: ['subnet', 'security-group'],
  },
  DeleteNetworkInterface: {
    service: 'ec2',
    bucket: 'change',
    reach: 'only-ours',
    on: ['network-interface'],
    isFirst: true,
  },
  ModifyNetworkInterfaceAttribute: {
    service: 'ec2',
    bucket: 'change',
    reach: 'only-ours',
    on: ['network-interface'],
    beside: ['security-group'],
  },
  AllocateAddress: { service: 'ec2', bucket: 'change', reach: 'makes-tagged', on: ['elastic-ip'] },
  AssociateAddress: {
    service: 'ec2',
    bucket: 'change',
    reach: 'only-ours',
    on: ['elastic-ip', 'network-interface'],
  },
  DisassociateAddress: {
    service: 'ec2',
    bucket: 'change',
    reach: 'only-ours',
    on: ['elastic-ip', 'network-interface'],
    isFirst: true,
  },
  ReleaseAddress: { service: 'ec2', bucket: 'change', reach: 'only-ours', on: ['elastic-ip'], isFirst: true },
  CreateSecurityGroup: {
    service: 'ec2',
    bucket: 'change',
    reach: 'makes-tagged',
    on: ['security-group'],
    beside: ['vpc'],
  },
  AuthorizeSecurityGroupIngress: {
    service: 'ec2',
    bucket: 'change',
    reach: 'only-ours',
    on: ['security-group'],
  },
  RevokeSecurityGroupIngress: {
    service: 'ec2',
    bucket: 'change',
    reach: 'only-ours',
    on: ['security-group'],
    isFirst: true,
  },
  DeleteSecurityGroup: {
    service: 'ec2',
    bucket: 'change',
    reach: 'only-ours',
    on: ['security-group'],
    isFirst: true,
  },
  GetCallerIdentity: { service: 'sts', bucket: 'identity', reach: 'any' },
  GetParameter: { service: 'ssm', bucket: 'other', reach: 'any' },
} as const satisfies Record<string, CallFacts>

export type CallName = keyof typeof calls

/** What a policy must grant beside the calls: tags are put on by the calls that make things, and by nothing else. */
export const taggingCalls = Object.entries(calls).flatMap(([name, { reach }]) =>
  reach === 'makes-tagged' ? [name] : [],
)

const machinesBucket = { RunInstances: 'run-machines', TerminateInstances: 'terminate-machines' } as const
const allRates = { ...rates, 'run-machines': runMachines, 'terminate-machines': terminateMachines }
type BucketName = keyof typeof allRates

export type AwsGate = Gate<CallName, BucketName>

/** One account's in one region. */
export const awsGate = (now?: () => number): AwsGate =>
  new Gate<CallName, BucketName>({
    cloud: 'AWS',
    rates: allRates,
    tollOf(name) {
      const { bucket, isFirst }: CallFacts = calls[name]
      const seconds: Partial<Record<CallName, BucketName>> = machinesBucket
      return { bucket, machinesBucket: seconds[name], isFirst }
    },
    ...(now && { now }),
  })
