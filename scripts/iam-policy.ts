import { parseArgs } from 'node:util'
import { policyFor } from '../src/clouds/aws/policy.ts'

const help = `npm run --silent iam-policy -- aws [--partition aws|aws-cn|aws-us-gov] [--pass-role ARN ...] [--kms-key ARN ...] [--parameter ARN ...]

Prints the least IAM policy that the operator needs, made of the calls it makes.
  --partition NAME   where the account is; aws unless given
  --kms-key ARN      a key that disks of clusters are encrypted with; may be given again
  --parameter ARN    an SSM parameter of your own that clusters may name as their image; may be given again
  --pass-role ARN    the role of an instance profile that clusters may name, with iam:PassRole; may be given again
`

const partitions = ['aws', 'aws-cn', 'aws-us-gov']

function main(): number {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        partition: { type: 'string', default: 'aws' },
        'kms-key': { type: 'string', multiple: true, default: [] },
        parameter: { type: 'string', multiple: true, default: [] },
        'pass-role': { type: 'string', multiple: true, default: [] },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    if (values.help) {
      console.log(help)
      return 0
    }
    const [cloud, ...others] = positionals
    if (cloud !== 'aws' || others.length > 0)
      return wrong(`name one cloud: aws (found: ${positionals.join(' ') || 'nothing'})`)
    if (!partitions.includes(values.partition))
      return wrong(`--partition must be one of ${partitions.join(', ')}, found ${values.partition}`)
    const odd = values['pass-role'].find(arn => !/^arn:[a-z-]+:iam::[0-9]{12}:role\/.+$/.test(arn))
    if (odd !== undefined) return wrong(`--pass-role must be the ARN of a role, found ${odd}`)
    const oddKey = values['kms-key'].find(arn => !/^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key\/.+$/.test(arn))
    if (oddKey !== undefined)
      return wrong(
        `--kms-key must be the ARN of a key (aws kms describe-key --key-id alias/NAME --query KeyMetadata.Arn), found ${oddKey}`,
      )
    const oddName = values.parameter.find(arn => !/^arn:[a-z-]+:ssm:[^:]+:[0-9]{12}:parameter\/.+$/.test(arn))
    if (oddName !== undefined)
      return wrong(`--parameter must be the ARN of an SSM parameter, found ${oddName}`)
    const wish = {
      partition: values.partition,
      passedRoles: values['pass-role'],
      kmsKeys: values['kms-key'],
      parameters: values.parameter,
    }
    console.log(JSON.stringify(policyFor(wish), undefined, 2))
    return 0
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error))
  }
}

function wrong(problem: string): number {
  console.error(`iam-policy: ${problem}\n\n${help}`)
  return 2
}

process.exitCode = main()
