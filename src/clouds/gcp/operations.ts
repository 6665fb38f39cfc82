import type { Call } from '../../lib/call.ts'
import { CloudError } from '../../model/faults.ts'
import { operationFault } from './faults.ts'
import { lastOf, type Operation } from './sdk.ts'
import { type GcpSession, waitMs } from './session.ts'

/** What the SDK makes of an answer that is an operation. */
export type Begun = readonly [{ readonly latestResponse: unknown }, ...unknown[]]

/**
 * The operation when it is done, whatever came of it: Google itself is waited on. A signal that is aborted before leaves it
 * running.
 */
export async function ended(
  session: GcpSession,
  name: string,
  [begun]: Begun,
  call: Call,
): Promise<Operation> {
  let operation = operationIn(begun.latestResponse, name)
  while (operation.status !== 'DONE') operation = await waitedOn(session, operation, call)
  return operation
}

/** The same; an error inside of it is a CloudError, as if its call had failed. */
export async function finished(session: GcpSession, name: string, begun: Begun, call: Call): Promise<void> {
  const fault = operationFault(await ended(session, name, begun, call), name)
  if (fault !== undefined) throw fault
}

const isOperation = (value: unknown): value is Operation =>
  typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string'

function operationIn(answer: unknown, name: string): Operation {
  if (isOperation(answer)) return answer
  throw new CloudError('lost', `${name}: Google gave an answer without an operation`)
}

async function waitedOn(
  session: GcpSession,
  { name, zone, region }: Operation,
  call: Call,
): Promise<Operation> {
  const { project, clients } = session
  const asked = { project, operation: name ?? '' }
  const manner = { patienceMs: waitMs }
  if (zone) {
    const [found] = await session.make(
      'zoneOperations.wait',
      call,
      options => clients.zoneOperations.wait({ ...asked, zone: lastOf(zone) }, options),
      manner,
    )
    return found
  }
  if (region) {
    const [found] = await session.make(
      'regionOperations.wait',
      call,
      options => clients.regionOperations.wait({ ...asked, region: lastOf(region) }, options),
      manner,
    )
    return found
  }
  const [found] = await session.make(
    'globalOperations.wait',
    call,
    options => clients.globalOperations.wait(asked, options),
    manner,
  )
  return found
}
