import { DescribeSubnetsCommand, type Subnet as Ec2Subnet, type Filter } from '@aws-sdk/client-ec2'
import type { Call } from '../../lib/call.ts'
import { CloudError } from '../../model/faults.ts'
import type { NetworkWish } from '../contract.ts'
import type { AwsAccount, Move } from './account.ts'
import { readHandle } from './handle.ts'
import type { AwsSession } from './session.ts'
import type { AwsSettings } from './settings.ts'
import { filter } from './tags.ts'

export interface Subnet {
  readonly id: string
  readonly zone: string
  readonly vpc: string
}

type Choice = Pick<AwsSettings, 'region' | 'zones' | 'subnets' | 'vpc'>

/** Where machines may be put, in the order it is tried; all in one VPC. Never empty: throws a CloudError that says what is missing. */
export async function subnetsOf(
  { session, account }: { readonly session: AwsSession; readonly account: AwsAccount },
  choice: Choice,
  call: Call,
): Promise<readonly Subnet[]> {
  const { region, zones, subnets, vpc } = choice
  return account.subnets.of([region, zones, subnets, vpc], async () => {
    const found = await described(session, choice, call)
    const usable = inOrder(found.flatMap(read), choice)
    if (usable.length === 0) throw new CloudError('invalid', missing(choice))
    const [first] = usable
    if (first !== undefined && usable.some(each => each.vpc !== first.vpc))
      throw new CloudError(
        'invalid',
        'The subnets of spec.cloud.aws.subnets are in several VPCs: machines of a cluster must reach each other, name those of one',
      )
    return usable
  })
}

/**
 * Where the scheduler's interface is made instead of the one it has: in the next zone, after the last the first one. An
 * earlier move goes on. Undefined where there was none, or there is no other zone.
 */
export function moveFor(
  { insteadOf }: NetworkWish,
  subnets: readonly Subnet[],
  earlier: Move | undefined,
): Move | undefined {
  if (insteadOf === undefined) return subnets.some(({ id }) => id === earlier?.to.id) ? earlier : undefined
  const { interface: from, subnet, zone } = readHandle(insteadOf.handle)
  const at = subnets.findIndex(({ id }) => id === subnet) + 1
  const to = [...subnets.slice(at), ...subnets.slice(0, at)].find(each => each.zone !== zone)
  return to && { from, to }
}

async function described(
  session: AwsSession,
  { zones, subnets, vpc }: Choice,
  call: Call,
): Promise<readonly Ec2Subnet[]> {
  const filters: readonly Filter[] = [
    ...(vpc === undefined ? [filter('default-for-az', 'true')] : [filter('vpc-id', vpc)]),
    ...(zones.length === 0 ? [] : [filter('availability-zone', ...zones)]),
  ]
  const asked = subnets.length > 0 ? { SubnetIds: [...subnets] } : { Filters: [...filters] }
  const { Subnets } = await session.make('DescribeSubnets', call, options =>
    session.ec2.send(new DescribeSubnetsCommand(asked), options),
  )
  return Subnets ?? []
}

const read = ({ SubnetId: id, AvailabilityZone: zone, VpcId: vpc, State }: Ec2Subnet): readonly Subnet[] =>
  id !== undefined && zone !== undefined && vpc !== undefined && State !== 'pending'
    ? [{ id, zone, vpc }]
    : []

/** One a zone, unless the user named them. */
function inOrder(found: readonly Subnet[], { zones, subnets }: Choice): readonly Subnet[] {
  if (subnets.length > 0) return subnets.flatMap(id => found.filter(each => each.id === id))
  const byZone = Map.groupBy(
    found.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    ({ zone }) => zone,
  )
  const order = zones.length > 0 ? zones : [...byZone.keys()].toSorted()
  return order.flatMap(zone => byZone.get(zone)?.slice(0, 1) ?? [])
}

function missing({ region, zones, vpc }: Choice): string {
  const where = zones.length === 0 ? region : `${zones.join(', ')} of ${region}`
  return vpc === undefined
    ? `There is no default subnet in ${where}: name some in spec.cloud.aws.subnets, or make a default VPC with aws ec2 create-default-vpc`
    : `There is no subnet of ${vpc} in ${where}: correct spec.cloud.aws.vpc or zones, or name subnets in spec.cloud.aws.subnets`
}
