import { GetConsoleOutputCommand } from '@aws-sdk/client-ec2'
import type { Call } from '../../lib/call.ts'
import type { MachineId } from '../../model/names.ts'
import type { AwsSession } from './session.ts'

/** The end of what a machine's console says. */
export async function saidOn(session: AwsSession, machine: MachineId, call: Call): Promise<string> {
  const { Output = '' } = await session.make('GetConsoleOutput', call, options =>
    session.ec2.send(new GetConsoleOutputCommand({ InstanceId: machine, Latest: true }), options),
  )
  return Buffer.from(Output, 'base64').toString('utf8')
}
