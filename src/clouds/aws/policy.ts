import { type CallFacts, calls, taggingCalls } from './calls.ts'
import { tagNames } from './tags.ts'

export interface Statement {
  readonly Sid: string
  readonly Effect: 'Allow'
  readonly Action: readonly string[]
  readonly Resource: readonly string[]
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>
}

export interface Policy {
  readonly Version: '2012-10-17'
  readonly Statement: readonly Statement[]
}

export interface PolicyWish {
  /** `aws`, `aws-cn` or `aws-us-gov`. */
  readonly partition: string
  /** ARNs of the roles in instance profiles that clusters may name; none where they name no profile. */
  readonly passedRoles: readonly string[]
  /** ARNs of SSM parameters beside AWS's own that clusters may name as their image. */
  readonly parameters?: readonly string[]
  /** ARNs of KMS keys that disks of clusters are encrypted with, beside the account's default key. */
  readonly kmsKeys?: readonly string[]
}

const entries: readonly (readonly [string, CallFacts])[] = Object.entries(calls)
const ourTag = (of: 'RequestTag' | 'ResourceTag') => ({
  StringLike: { [`aws:${of}/${tagNames.installation}`]: '?*' },
})

/**
 * The least that the operator needs, made of the calls it makes: it may make what it tags as its own in the same call,
 * and change or end only what carries that tag.
 */
export function policyFor({ partition, passedRoles, parameters = [], kmsKeys = [] }: PolicyWish): Policy {
  const ec2 = (kind: string): string => `arn:${partition}:ec2:*:${isPublic(kind) ? '' : '*'}:${kind}/*`
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'Look',
        Effect: 'Allow',
        Action: actions(({ reach, service }) => reach === 'any' && service !== 'ssm'),
        Resource: ['*'],
      },
      {
        Sid: 'FindImages',
        Effect: 'Allow',
        Action: actions(({ service }) => service === 'ssm'),
        Resource: [`arn:${partition}:ssm:*::parameter/aws/service/*`, ...parameters],
      },
      ...entries.flatMap(([name, { reach, on = [], beside = [] }]) =>
        reach === 'makes-tagged' ? making(name, on.map(ec2), beside.map(ec2)) : [],
      ),
      {
        Sid: 'TagWhatItMakes',
        Effect: 'Allow',
        Action: ['ec2:CreateTags'],
        Resource: [
          ...new Set([
            ...entries.flatMap(([, { reach, on = [] }]) => (reach === 'makes-tagged' ? on : [])),
            'network-interface',
          ]),
        ].map(ec2),
        Condition: { StringEquals: { 'ec2:CreateAction': taggingCalls } },
      },
      {
        Sid: 'ChangeAndEndItsOwn',
        Effect: 'Allow',
        Action: actions(({ reach }) => reach === 'only-ours'),
        Resource: [
          ...new Set(entries.flatMap(([, { reach, on = [] }]) => (reach === 'only-ours' ? on : []))),
        ].map(ec2),
        Condition: ourTag('ResourceTag'),
      },
      ...entries.flatMap(([name, { reach, beside = [] }]) =>
        reach === 'only-ours' && beside.length > 0 ? [using(name, beside.map(ec2))] : [],
      ),
      ...(kmsKeys.length === 0 ? [] : encrypting(kmsKeys)),
      ...(passedRoles.length === 0 ? [] : [passing(passedRoles)]),
    ],
  }
}

const actions = (isMeant: (facts: CallFacts) => boolean): readonly string[] =>
  entries.filter(([, facts]) => isMeant(facts)).map(([name, { service }]) => `${service}:${name}`)

/** AWS owns these, or anybody: their ARNs have no account. */
const isPublic = (kind: string): boolean => kind === 'image' || kind === 'snapshot'

const making = (name: string, made: readonly string[], beside: readonly string[]): readonly Statement[] => [
  {
    Sid: `Make${name}`,
    Effect: 'Allow',
    Action: [`ec2:${name}`],
    Resource: made,
    Condition: ourTag('RequestTag'),
  },
  ...(beside.length === 0 ? [] : [using(name, beside)]),
]

/** What a call names, whoever owns that. */
const using = (name: string, beside: readonly string[]): Statement => ({
  Sid: `Use${name}`,
  Effect: 'Allow',
  Action: [`ec2:${name}`],
  Resource: beside,
})

const passing = (roles: readonly string[]): Statement => ({
  Sid: 'GiveMachinesTheirRole',
  Effect: 'Allow',
  Action: ['iam:PassRole'],
  Resource: roles,
  Condition: { StringEquals: { 'iam:PassedToService': ['ec2.amazonaws.com', 'ec2.amazonaws.com.cn'] } },
})

/** EC2 makes an encrypted disk with the rights of who launches: without these a machine ends a moment after it was accepted. */
const encrypting = (keys: readonly string[]): readonly Statement[] => [
  {
    Sid: 'EncryptDisks',
    Effect: 'Allow',
    Action: ['kms:Decrypt', 'kms:DescribeKey', 'kms:GenerateDataKeyWithoutPlaintext', 'kms:ReEncrypt*'],
    Resource: keys,
  },
  {
    Sid: 'LetDisksUseTheirKey',
    Effect: 'Allow',
    Action: ['kms:CreateGrant'],
    Resource: keys,
    Condition: { Bool: { 'kms:GrantIsForAWSResource': 'true' } },
  },
]
