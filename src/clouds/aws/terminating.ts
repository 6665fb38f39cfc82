import { TerminateInstancesCommand } from '@aws-sdk/client-ec2'
import type { Call } from '../../lib/call.ts'
import { CloudError } from '../../model/faults.ts'
import { type MachineId, machineId } from '../../model/names.ts'
import { codeOf } from './faults.ts'
import type { AwsSession } from './session.ts'

const most = 500
const idPattern = /^i-[0-9a-f]{8,17}$/
/** EC2 may not know a machine yet that it has just made. */
const newbornMs = 60_000

/**
 * Ends machines, up to 500 with a call. What AWS does not know any more has ended; one that is so young that AWS may not
 * know it yet is a CloudError `conflict` after the others were ended, so that it is asked for again; so is, as `invalid`, one
 * that is protected against its end.
 */
export async function terminate(
  session: AwsSession,
  machines: readonly MachineId[],
  ageMs: (id: MachineId) => number | undefined,
  call: Call,
): Promise<void> {
  const real = machines.filter(id => idPattern.test(id))
  const missing: MachineId[] = []
  const refusals: unknown[] = []
  const end = async (batch: readonly MachineId[]): Promise<void> => {
    try {
      missing.push(...(await endBatch(session, batch, call)))
    } catch (error) {
      if (!isProtected(error)) throw error
      if (batch.length === 1) return void refusals.push(error)
      const half = Math.ceil(batch.length / 2)
      for (const part of [batch.slice(0, half), batch.slice(half)]) await end(part)
    }
  }
  for (let from = 0; from < real.length; from += most) await end(real.slice(from, from + most))
  if (refusals.length > 0) throw refusals[0]
  if (missing.some(id => (ageMs(id) ?? Infinity) < newbornMs))
    throw new CloudError(
      'conflict',
      'TerminateInstances: AWS does not know machines yet that it has just made; it is tried again',
    )
}

/** One machine that is protected spoils the whole call, and AWS names one of them only. */
const isProtected = (error: unknown): boolean =>
  error instanceof CloudError && codeOf(error.cause) === 'OperationNotPermitted'

/** One id that AWS does not know spoils the whole call: it is made again without those that the answer names. */
async function endBatch(
  session: AwsSession,
  batch: readonly MachineId[],
  call: Call,
): Promise<readonly MachineId[]> {
  const missing = new Set<MachineId>()
  for (let left = batch; left.length > 0; left = batch.filter(id => !missing.has(id))) {
    const unknown = await endAll(session, left, call)
    if (unknown.length === 0) break
    for (const id of unknown) missing.add(id)
  }
  return [...missing]
}

/** The ids that AWS named as unknown; none when it took the request. */
async function endAll(
  session: AwsSession,
  machines: readonly MachineId[],
  call: Call,
): Promise<readonly MachineId[]> {
  const asked = { InstanceIds: [...machines] }
  try {
    await session.make(
      'TerminateInstances',
      call,
      options => session.ec2.send(new TerminateInstancesCommand(asked), options),
      machines.length,
    )
    return []
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined
    const isUnknown = codeOf(cause) === 'InvalidInstanceID.NotFound' && cause instanceof Error
    const named = isUnknown ? (cause.message.match(/i-[0-9a-f]{8,17}/g) ?? []).map(machineId) : []
    const unknown = named.filter(id => machines.includes(id))
    if (unknown.length === 0) throw error
    return unknown
  }
}
