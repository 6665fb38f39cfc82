import { createHash, randomUUID } from 'node:crypto'
import { invalidField } from './failure.ts'
import {
  born,
  head,
  idOf,
  type Json,
  linkTo,
  type Project,
  pathOf,
  type Scope,
  type Thing,
  time,
} from './world.ts'

export interface Trouble {
  readonly code: string
  readonly message: string
  readonly location?: string
}

export interface Operation extends Thing {
  readonly type: string
  readonly user: string
  readonly target: Json
  readonly runsAt: number
  readonly doneAt: number
  /** Told from `doneAt` on. */
  readonly errors: readonly Trouble[]
  readonly perLocation: ReadonlyMap<string, Placed> | undefined
  readonly clientId: string | undefined
}

/** How a bulk insert went in one zone. */
export interface Placed {
  readonly target: number
  readonly created: number
  readonly deleted: number
}

interface Start {
  readonly scope: Scope
  readonly type: string
  readonly user: string
  /** What it is done to: a collection and a thing of it, if there is one. */
  readonly target: readonly [
    collection: string,
    thing: Pick<Thing, 'scope' | 'name'> & { readonly seq?: number },
  ]
  readonly errors?: readonly Trouble[]
  readonly perLocation?: ReadonlyMap<string, Placed>
  readonly lastsMs?: number
  readonly clientId?: string | undefined
}

export function start(project: Project, asked: Start): Operation {
  const { operationMs } = project.world.tempo
  const name = `operation-${project.world.now()}-${randomUUID().slice(0, 18)}`
  const thing = born(project, asked.scope, name)
  const [collection, target] = asked.target
  const operation: Operation = {
    ...thing,
    type: asked.type,
    user: asked.user,
    target: {
      targetLink: linkTo(
        target.name === '' ? `projects/${project.name}/${target.scope}` : pathOf(project, collection, target),
      ),
      ...(target.seq === undefined ? {} : { targetId: idOf({ seq: target.seq }) }),
    },
    runsAt: thing.at + operationMs,
    doneAt: thing.at + (asked.lastsMs ?? 2 * operationMs),
    errors: asked.errors ?? [],
    perLocation: asked.perLocation,
    clientId: asked.clientId,
  }
  project.operations.set(`${asked.scope}/${name}`, operation)
  return operation
}

export const isDone = (project: Project, { doneAt }: Operation): boolean => project.world.now() >= doneAt

export function operationJson(project: Project, operation: Operation): Json {
  const done = isDone(project, operation)
  const runs = done || project.world.now() >= operation.runsAt
  const { scope, type, user, target, errors, perLocation } = operation
  const { creationTimestamp: _, ...own } = head(project, 'operations', operation, 'operation')
  return {
    ...own,
    ...place(project, scope),
    ...target,
    operationType: type,
    user,
    status: done ? 'DONE' : runs ? 'RUNNING' : 'PENDING',
    progress: done ? 100 : 0,
    insertTime: time(operation.at),
    ...(operation.clientId === undefined ? {} : { clientOperationId: operation.clientId }),
    ...(runs ? { startTime: time(Math.min(operation.runsAt, operation.doneAt)) } : {}),
    ...(done ? { endTime: time(operation.doneAt) } : {}),
    ...(done && errors.length > 0 ? failed(errors) : {}),
    ...(perLocation === undefined ? {} : { instancesBulkInsertOperationMetadata: placed(perLocation, done) }),
  }
}

const failed = (errors: readonly Trouble[]): Json => ({
  error: { errors },
  httpErrorStatusCode: statuses[errors[0]?.code ?? ''] ?? 400,
  httpErrorMessage: messages[statuses[errors[0]?.code ?? ''] ?? 400],
})

const statuses: Readonly<Record<string, number>> = {
  ZONE_RESOURCE_POOL_EXHAUSTED: 503,
  ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS: 503,
  QUOTA_EXCEEDED: 403,
  RESOURCE_NOT_FOUND: 404,
  RESOURCE_ALREADY_EXISTS: 409,
  INTERNAL_ERROR: 500,
}
const messages: Readonly<Record<number, string>> = {
  400: 'BAD REQUEST',
  403: 'FORBIDDEN',
  404: 'NOT FOUND',
  409: 'CONFLICT',
  500: 'INTERNAL SERVER ERROR',
  503: 'SERVICE UNAVAILABLE',
}

function placed(perLocation: ReadonlyMap<string, Placed>, done: boolean): Json {
  const shown = [...perLocation].map(([zone, { target, created, deleted }]) => [
    `zones/${zone}`,
    {
      status: done ? 'DONE' : 'CREATING',
      targetVmCount: target,
      createdVmCount: done ? created : 0,
      deletedVmCount: done ? deleted : 0,
      failedToCreateVmCount: done ? target - created : 0,
    },
  ])
  return { perLocationStatus: Object.fromEntries(shown) }
}

const place = (project: Project, scope: Scope): Json => {
  const [kind, name] = scope.split('/')
  if (name === undefined) return {}
  return { [kind === 'zones' ? 'zone' : 'region']: linkTo(`projects/${project.name}/${scope}`) }
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
/** A request is known by its id for so long. */
export const requestIdMs = 3_600_000

/** Carries a request out, or answers what it began when it came before under the same id. */
export function once(
  project: Project,
  { id, asked }: { readonly id: string | null; readonly asked: unknown },
  carryOut: () => Operation,
): Operation {
  if (id === null) return carryOut()
  if (!uuid.test(id) || /^[0-]+$/.test(id))
    throw invalidField('requestId', id, 'The request id must be a valid UUID that is not zero.')
  const { requests, world } = project
  const known = requests.get(id)
  const sum = createHash('sha256')
    .update(JSON.stringify(sorted(asked)))
    .digest('hex')
  if (known !== undefined && world.now() < known.at + requestIdMs) {
    if (known.asked !== sum)
      throw invalidField('requestId', id, 'It was used for a request with other parameters.')
    return known.operation
  }
  const operation = carryOut()
  requests.set(id, { asked: sum, at: world.now(), operation })
  return operation
}

function sorted(raw: unknown): unknown {
  if (Array.isArray(raw)) return raw.map(sorted)
  if (typeof raw !== 'object' || raw === null) return raw
  const entries = Object.entries(raw).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return entries.map(([name, value]) => [name, sorted(value)])
}
