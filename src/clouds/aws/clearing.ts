import {
  DeleteNetworkInterfaceCommand,
  DeleteSecurityGroupCommand,
  DisassociateAddressCommand,
  ReleaseAddressCommand,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2'
import type { Call } from '../../lib/call.ts'
import type { Belongings } from './belongings.ts'
import type { CallName } from './calls.ts'
import { isGone, unless } from './faults.ts'
import type { AwsSession } from './session.ts'

/**
 * Takes everything of a cluster away but its machines, which must have gone before. What is still in use is a CloudError
 * `not-yet`, and the rest of it is taken away all the same.
 */
export async function clear(session: AwsSession, own: Belongings, call: Call): Promise<void> {
  const failures: unknown[] = []
  const attempt = async (step: () => Promise<void>): Promise<void> => {
    await step().catch((error: unknown) => failures.push(error))
  }
  for (const address of own.addresses) await attempt(() => release(session, address, call))
  for (const { NetworkInterfaceId } of own.interfaces)
    await attempt(() =>
      done(session, 'DeleteNetworkInterface', call, options =>
        session.ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId }), options),
      ),
    )
  // A group that another one's rules name cannot be deleted: the rules go first.
  for (const { GroupId, IpPermissions = [] } of own.groups)
    if (IpPermissions.length > 0)
      await attempt(() =>
        done(session, 'RevokeSecurityGroupIngress', call, options =>
          session.ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions }), options),
        ),
      )
  for (const { GroupId } of own.groups)
    await attempt(() =>
      done(session, 'DeleteSecurityGroup', call, options =>
        session.ec2.send(new DeleteSecurityGroupCommand({ GroupId }), options),
      ),
    )
  if (failures.length > 0) throw failures[0]
}

async function release(
  session: AwsSession,
  { AssociationId, AllocationId }: Belongings['addresses'][number],
  call: Call,
): Promise<void> {
  if (AssociationId !== undefined)
    await done(session, 'DisassociateAddress', call, options =>
      session.ec2.send(new DisassociateAddressCommand({ AssociationId }), options),
    )
  await done(session, 'ReleaseAddress', call, options =>
    session.ec2.send(new ReleaseAddressCommand({ AllocationId }), options),
  )
}

/** What is gone already is done. */
const done = (
  session: AwsSession,
  name: CallName,
  call: Call,
  send: Parameters<typeof session.make<unknown>>[2],
): Promise<void> => unless(isGone, session.make(name, call, send))
