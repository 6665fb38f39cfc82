import type { Call } from '../../lib/call.ts'
import { CloudError, certainty, type Fault } from '../../model/faults.ts'
import type { MachineId } from '../../model/names.ts'
import { askForEnd } from './ends.ts'
import { codeIn, isThereAlready, translated, wordsIn } from './faults.ts'
import { machineNow } from './lists.ts'
import { OperationFailed, type Taken, taken } from './operations.ts'
import { sameId, type VirtualMachine } from './sdk.ts'
import type { AzureSession } from './session.ts'

/** So many requests are on their way at once. */
const atOnce = 32
/** Azure says within seconds where it has no room; what takes longer goes on, and lists say what came of it. */
const settleMs = 15_000

/** A launch: a machine for each name. */
export interface Birth {
  readonly group: string
  readonly names: readonly MachineId[]
  readonly bodyOf: (name: MachineId) => VirtualMachine
}

export interface Born {
  readonly machines: readonly MachineId[]
  /** Why there are fewer than were asked for. */
  readonly refusal: CloudError | undefined
}

const name = 'virtualMachines.createOrUpdate'
/** Refusals of what is asked for, whoever asks. */
const ofRequest: readonly Fault[] = ['no-capacity', 'quota', 'invalid', 'unauthorized']

/**
 * Asks for each machine by its name, side by side, and for none that is there: sent again, it makes what is missing and nothing
 * beside it. Throws a CloudError where it is not known of a machine whether Azure makes it, and where none is made.
 */
export async function born(session: AzureSession, birth: Birth, call: Call): Promise<Born> {
  const left = [...birth.names]
  const made: MachineId[] = []
  const failures: CloudError[] = []
  const begun: Begun[] = []
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const id = next
      await begin(session, birth, id, call).then(
        operation => (operation === undefined ? made.push(id) : begun.push({ id, operation })),
        (error: unknown) => {
          const failure = translated(error, name)
          failures.push(failure)
          // What Azure refuses to one it refuses to the others: they are not asked for.
          if (ofRequest.includes(failure.fault)) left.length = 0
        },
      )
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, birth.names.length) }, work))
  const ends = await Promise.all(begun.map(each => settled(session, birth, each, call)))
  made.push(...ends.flatMap(end => (end instanceof CloudError ? [] : [end])))
  failures.push(...ends.filter(end => end instanceof CloudError))
  return summedUp(birth, made, failures)
}

interface Begun {
  readonly id: MachineId
  readonly operation: Taken<VirtualMachine>
}

/** Undefined where it was there before. */
async function begin(
  session: AzureSession,
  { group, bodyOf }: Birth,
  id: MachineId,
  call: Call,
): Promise<Taken<VirtualMachine> | undefined> {
  const { virtualMachines } = session.clients.compute
  try {
    return await taken(
      session,
      name,
      pace => virtualMachines.createOrUpdate(group, id, bodyOf(id), { ...pace, ifNoneMatch: '*' }),
      call,
    )
  } catch (error) {
    if (!isThereAlready(error) && !hasOwnInterface(error, id)) throw error
    await requireStaying(session, { group, id }, call)
    return undefined
  }
}

/** One of an earlier try may be on its way out. */
async function requireStaying(
  session: AzureSession,
  { group, id }: { readonly group: string; readonly id: MachineId },
  call: Call,
): Promise<void> {
  const found = await machineNow(session, { id, place: group }, call)
  if (found === undefined || sameId(found.provisioningState) === 'deleting')
    throw new CloudError('not-yet', `${name}: a machine of this name is being deleted; it is tried again`)
}

/** The scheduler's interface is in use by the very machine: that was made by the same request. */
const hasOwnInterface = (error: unknown, id: MachineId): boolean =>
  codeIn(error) === 'NicInUse' && error instanceof Error && wordsIn(error).includes(`/virtualmachines/${id}`)

/** The machine, or why Azure could not make it: then what it has made of it goes at once. */
async function settled(
  session: AzureSession,
  { group }: Birth,
  { id, operation }: Begun,
  call: Call,
): Promise<MachineId | CloudError> {
  try {
    await operation.settled(settleMs, call)
    return id
  } catch (error) {
    // Azure goes on with it, or had an error of its own: lists show what came of it, and it is ended as what could not be made.
    if (!(error instanceof OperationFailed) || certainty[error.fault] === 'unknown') return id
    await askForEnd(session, { id, place: group }, call).catch(() => undefined)
    return error
  }
}

function summedUp({ names }: Birth, machines: readonly MachineId[], failures: readonly CloudError[]): Born {
  // An operation that has ended is certain, whatever Azure's word for its end.
  const unclear = failures.find(
    each => !(each instanceof OperationFailed) && certainty[each.fault] === 'unknown',
  )
  if (unclear !== undefined) throw unclear
  const refusal = failures.find(({ fault }) => fault !== 'throttled') ?? failures[0]
  if (machines.length === 0)
    throw refusal ?? new CloudError('lost', `${name}: Azure made none of ${names.length} machines`)
  return { machines: names.filter(each => machines.includes(each)), refusal }
}
