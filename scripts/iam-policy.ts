import { parseArgs } from 'node:util'
import { policyFor } from '../src/clouds/aws/policy.ts'

const help = `npm run iam-policy -- aws [--partition aws|aws-cn|aws-us-gov] [--pass-role ARN ...]

Prints the least IAM policy that the operator needs, made of the calls it makes.
  --partition NAME   where the account is; aws unless given
  --pass-role ARN    the role of an instance profile that clusters may name, with iam:PassRole; may be given again
`

const partitions = ['aws', 'aws-cn', 'aws-us-gov']

function main(): number {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        partition: { type: 'string', default: 'aws' },
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
    console.log(
      JSON.stringify(
        policyFor({ partition: values.partition, passedRoles: values['pass-role'] }),
        undefined,
        2,
      ),
    )
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
