import { connectAws } from '../../../src/clouds/aws/connect.ts'
import { policyFor } from '../../../src/clouds/aws/policy.ts'
import type { AwsCloud } from '../../../src/clouds/aws/provider.ts'
import { parseSettings } from '../../../src/clouds/aws/settings.ts'
import { installationId } from '../../../src/model/names.ts'
import { type Ec2, homeAccount, homeKey, type Options, startEc2 } from './ec2.ts'
import { leftIn, type Region } from './world.ts'

const region = 'us-east-1'

/** As `npm run iam-policy -- aws` prints it. */
export const printedPolicy = policyFor({ partition: 'aws', passedRoles: [] })

/** A simulated account, and operators that work in it through the real provider and SDK, with the rights that are printed. */
export interface AwsGround extends AsyncDisposable {
  readonly ec2: Ec2
  readonly home: Region
  /** Each has a memory of its own. */
  open(installation: string, settings?: object, key?: string): Promise<AwsCloud>
  readonly left: () => readonly string[]
}

export async function anAwsGround(options: Options = {}): Promise<AwsGround> {
  const ec2 = await startEc2(options)
  ec2.world.keys.set(homeKey, {
    account: homeAccount,
    may: undefined,
    secret: 'secret',
    policy: printedPolicy,
  })
  const before = process.env['AWS_ENDPOINT_URL']
  process.env['AWS_ENDPOINT_URL'] = ec2.endpoint
  const home = ec2.world.region(homeAccount, region)
  return {
    ec2,
    home,
    open: (installation, settings = {}, key = homeKey) =>
      connectAws(
        parseSettings({ region, ...settings }, 'spec.cloud.aws'),
        { identity: { accessKeyId: key, secretAccessKey: 'secret' }, role: undefined },
        { installation: installationId(installation), sealingKey: 'key', stateDirectory: '' },
      ),
    left: () => leftIn(home),
    async [Symbol.asyncDispose]() {
      if (before === undefined) delete process.env['AWS_ENDPOINT_URL']
      else process.env['AWS_ENDPOINT_URL'] = before
      await ec2[Symbol.asyncDispose]()
    },
  }
}

/** A group that is there before the operator comes, for settings that name groups. */
export function aGroup(home: Region, id: string): string {
  const thing = { seq: home.next(), id, at: 0, tags: new Map<string, string>() }
  home.groups.set(id, { ...thing, name: id, description: id, vpc: home.vpc, ingress: [] })
  return id
}

/** Machines that there are in every calm region, in its first zone. */
export function offeringIn({ subnets }: Region): string {
  const [{ id, zone } = { id: '', zone: '' }] = subnets
  return `m7i.large ${zone} OnDemand ${id} ami-00000000000000002 /dev/sda1 30`
}

/** Throws where a request or an answer was not as botocore describes it. */
export function requireLikeness({ ledger }: Pick<Ec2, 'ledger'>): void {
  const differs = new Set(ledger.flatMap(each => each.differs ?? []))
  if (differs.size > 0) throw new Error(`unlike EC2: ${[...differs].join(', ')}`)
}
