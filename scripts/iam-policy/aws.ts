import { parseArgs } from 'node:util'
import { policyFor } from '../../src/clouds/aws/policy.ts'

export const awsHelp = `npm run --silent iam-policy -- aws [--partition aws|aws-cn|aws-us-gov] [--pass-role ARN ...] [--kms-key ARN ...] [--parameter ARN ...]

Prints the least IAM policy that the operator needs, made of the calls it makes.
  --partition NAME   where the account is; aws unless given
  --kms-key ARN      a key that disks of clusters are encrypted with; may be given again
  --parameter ARN    an SSM parameter of your own that clusters may name as their image; may be given again
  --pass-role ARN    the role of an instance profile that clusters may name, with iam:PassRole; may be given again
`

const partitions = ['aws', 'aws-cn', 'aws-us-gov']

/** The policy as JSON. Throws an error whose message is for the person who asked. */
export function awsPolicy(argv: readonly string[]): string {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      partition: { type: 'string', default: 'aws' },
      'kms-key': { type: 'string', multiple: true, default: [] },
      parameter: { type: 'string', multiple: true, default: [] },
      'pass-role': { type: 'string', multiple: true, default: [] },
    },
  })
  if (!partitions.includes(values.partition))
    throw new Error(`--partition must be one of ${partitions.join(', ')}, found ${values.partition}`)
  const odd = values['pass-role'].find(arn => !/^arn:[a-z-]+:iam::[0-9]{12}:role\/.+$/.test(arn))
  if (odd !== undefined) throw new Error(`--pass-role must be the ARN of a role, found ${odd}`)
  const oddKey = values['kms-key'].find(arn => !/^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key\/.+$/.test(arn))
  if (oddKey !== undefined)
    throw new Error(
      `--kms-key must be the ARN of a key (aws kms describe-key --key-id alias/NAME --query KeyMetadata.Arn), found ${oddKey}`,
    )
  const oddName = values.parameter.find(arn => !/^arn:[a-z-]+:ssm:[^:]+:[0-9]{12}:parameter\/.+$/.test(arn))
  if (oddName !== undefined)
    throw new Error(`--parameter must be the ARN of an SSM parameter, found ${oddName}`)
  const wish = {
    partition: values.partition,
    passedRoles: values['pass-role'],
    kmsKeys: values['kms-key'],
    parameters: values.parameter,
  }
  return JSON.stringify(policyFor(wish), undefined, 2)
}
