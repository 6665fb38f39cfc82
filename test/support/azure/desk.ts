import { images, sizes, skuOf } from './catalog.ts'
import { ArmFailure, noGroup, notFound } from './failure.ts'
import { diskType, endMachine, machineType, makeMachine, vanish } from './machines.ts'
import {
  giveAddress,
  requireUnused,
  takeNetwork,
  takeRules,
  types,
  unplug,
  wireInterface,
} from './network.ts'
import { groupType, type Target, targetOf } from './targets.ts'
import { listedMachine, pageOf, statusOf, toldOf, visible } from './told.ts'
import {
  type AzureWorld,
  type Json,
  lower,
  members,
  type Operation,
  type Principal,
  type Resource,
} from './world.ts'

export interface Answer {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface Heard {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Json
}

/** So many on a page of a list, unless a test says otherwise. */
export const usualPage = 100

/** Does what is asked, as the one who asks. Throws an ArmFailure where Azure refuses. */
export class Desk {
  readonly #world: AzureWorld
  readonly #retryAfter: string
  pageSize = usualPage

  constructor(world: AzureWorld, retryAfterS = 1) {
    this.#world = world
    this.#retryAfter = String(retryAfterS)
  }

  act(heard: Heard, by: Principal): Answer {
    this.#world.settle()
    const { url, method } = heard
    if (/\/operations\//i.test(url.pathname)) return this.#operation(url)
    const target = targetOf(url)
    requireRight(by, method, target)
    if (method === 'GET') return this.#get(url, target, by)
    if (method === 'DELETE') return this.#delete(url, target)
    if (method === 'POST') return this.#post(url, target)
    return this.#put(heard, target)
  }

  #operation(url: URL): Answer {
    const operation = this.#world.operations.get(url.pathname.split('/').at(-1) ?? '')
    if (operation === undefined) throw notFound(url.pathname)
    const { status, error } = operation
    return {
      status: 200,
      body: { status, ...(error && { error }) },
      ...(status === 'InProgress' && { headers: { 'retry-after': this.#retryAfter } }),
    }
  }

  #get(url: URL, target: Target, by: Principal): Answer {
    const world = this.#world
    if (target.type === 'skus') {
      const [, location = ''] = /location eq '(.*)'/.exec(url.searchParams.get('$filter') ?? '') ?? []
      return { status: 200, body: { value: sizes.map(size => skuOf(size, location)) } }
    }
    if (target.type === 'versions') return imageAnswer(url)
    if (target.type === 'resources')
      return { status: 200, body: pageOf(this.#in(target.group), url, this.pageSize) }
    if (target.name !== '') return { status: 200, body: toldOf(this.#found(target)) }
    const found = visible(world, by.actions, target.type).filter(
      each => target.group === '' || lower(each.group) === lower(target.group),
    )
    const isMachines = target.type === machineType
    const tell =
      url.searchParams.get('statusOnly') === 'true' ? statusOf : isMachines ? listedMachine : toldOf
    return { status: 200, body: pageOf(found.map(tell), url, this.pageSize) }
  }

  /** Everything in a group, whatever it is, as far as such a list tells it. */
  #in(group: string): readonly Json[] {
    return this.#world
      .there()
      .filter(each => each.type !== groupType && lower(each.group) === lower(group))
      .map(({ id, name, type, body: { location, tags } }) => ({ id, name, type, location, tags }))
  }

  #found({ group, type, name }: Target): Resource {
    const world = this.#world
    const found = world.find(world.idOf(group, type, name))
    if (found !== undefined) return found
    if (type === groupType || world.find(world.idOf(group, groupType, group)) === undefined)
      throw noGroup(group)
    throw notFound(world.idOf(group, type, name))
  }

  #put(heard: Heard, target: Target): Answer {
    const world = this.#world
    const { group, type, name } = target
    const { body } = heard
    const before = world.find(world.idOf(group, type, name))
    if (heard.headers['if-none-match'] === '*' && before !== undefined)
      throw new ArmFailure(412, 'PreconditionFailed', 'The condition specified was not met.')
    if (type === groupType) return this.#putGroup(target, body, before)
    if (world.find(world.idOf(group, groupType, group)) === undefined) throw noGroup(group)
    if (type === machineType) {
      if (before !== undefined)
        throw new ArmFailure(409, 'PropertyChangeNotAllowed', 'Changing property customData is not allowed.')
      const { made, operation } = makeMachine(world, { group, name, body })
      const told = toldOf(made)
      if (world.forgetful.has(group)) vanish(world, made)
      return this.#accepted(201, heard.url, operation, told)
    }
    const made = before ?? world.add(group, type, name, body)
    Object.assign(made.body, { location: body['location'], tags: body['tags'] })
    try {
      settleInto(world, made, body)
    } catch (error) {
      if (before === undefined) world.remove(made)
      throw error
    }
    const operation = world.begin(world.tempo.makeMs, () => undefined)
    return this.#accepted(before === undefined ? 201 : 200, heard.url, operation, toldOf(made))
  }

  #putGroup({ group }: Target, body: Json, before: Resource | undefined): Answer {
    const world = this.#world
    if (before?.properties['provisioningState'] === 'Deleting')
      throw new ArmFailure(
        409,
        'ResourceGroupBeingDeleted',
        `The resource group '${group}' is being deleted.`,
      )
    const made = before ?? world.add(group, groupType, group, body)
    made.properties['provisioningState'] = 'Succeeded'
    return { status: before === undefined ? 201 : 200, body: toldOf(made) }
  }

  #delete(url: URL, target: Target): Answer {
    const world = this.#world
    const { group, type, name } = target
    const isThere = world.find(world.idOf(group, type, name)) !== undefined
    // Of what is not there, in a group that is, Azure says the same as of what has been deleted.
    if (!isThere && type !== groupType && world.find(world.idOf(group, groupType, group)) !== undefined)
      return { status: 204, body: undefined }
    const found = this.#found(target)
    if (target.type === machineType) return this.#accepted(202, url, endMachine(world, found))
    if (target.type === groupType) return this.#accepted(202, url, this.#endGroup(found))
    if (target.type === diskType && members(found.body)['managedBy'] !== undefined)
      throw new ArmFailure(409, 'OperationNotAllowed', `Disk ${found.name} is attached to a VM in progress.`)
    if (target.type !== diskType) requireUnused(world, found)
    const operation = world.begin(world.tempo.makeMs, () => {
      if (target.type === types.interface) unplug(world, found)
      else world.remove(found)
      return undefined
    })
    return this.#accepted(202, url, operation)
  }

  #endGroup(group: Resource): Operation {
    const world = this.#world
    group.properties['provisioningState'] = 'Deleting'
    return world.begin(world.tempo.deleteMs, () => {
      for (const each of world.there()) if (lower(each.group) === lower(group.group)) world.remove(each)
      return undefined
    })
  }

  #post(url: URL, target: Target): Answer {
    const machine = this.#found(target)
    if (lower(target.verb) !== 'retrievebootdiagnosticsdata') throw notFound(url.pathname)
    const serialConsoleLogBlobUri = `${url.origin}/console/${machine.name}?sig=secret`
    return { status: 200, body: { serialConsoleLogBlobUri } }
  }

  #accepted(status: number, url: URL, { id }: Operation, body?: unknown): Answer {
    const at = `/subscriptions/${this.#world.subscriptionId}/providers/Microsoft.Compute/locations/here/operations/${id}`
    const operation = `${url.origin}${at}?api-version=${url.searchParams.get('api-version') ?? ''}`
    return { status, body, headers: { 'azure-asyncoperation': operation, 'retry-after': this.#retryAfter } }
  }
}

function settleInto(world: AzureWorld, made: Resource, body: Json): void {
  const wanted = members(body['properties'])
  if (made.type === types.interface) return wireInterface(world, made, wanted)
  if (made.type === types.rules) return takeRules(made, wanted)
  if (made.type === types.network) return takeNetwork(made, wanted)
  made.properties = { ...made.properties, ...wanted, provisioningState: 'Succeeded' }
  if (made.type === types.address) giveAddress(world, made)
}

/** Of a platform image: its versions, in no order, or one of them. */
function imageAnswer(url: URL): Answer {
  const [, publisher, , , offer, , sku, , version] =
    /publishers\/([^/]+)(\/)(artifacttypes\/vmimage\/)offers\/([^/]+)(\/)skus\/([^/]+)(\/)versions(?:\/([^/]+))?/i.exec(
      url.pathname,
    ) ?? []
  const found = images.find(each => each.publisher === publisher && each.offer === offer && each.sku === sku)
  if (found === undefined || (version !== undefined && !found.versions.includes(version)))
    throw new ArmFailure(404, 'PlatformImageNotFound', 'The platform image is not available.')
  const tell = (each: string): Json => ({ name: each, id: `${url.pathname}/${each}`, location: 'here' })
  return {
    status: 200,
    body:
      version === undefined ? found.versions.map(tell) : { ...tell(version), properties: found.properties },
  }
}

const words = { GET: 'read', PUT: 'write', DELETE: 'delete' } as const

/** Lists are told apart: they show less, and refuse nothing. */
function requireRight({ actions, objectId }: Principal, method: string, { type, name, verb }: Target): void {
  if (actions === undefined || (method === 'GET' && name === '')) return
  const kind = type === groupType ? 'Microsoft.Resources/subscriptions/resourceGroups' : type
  const word = method === 'GET' || method === 'PUT' || method === 'DELETE' ? words[method] : `${verb}/action`
  if (actions.has(lower(`${kind}/${word}`)) || type === 'versions') return
  throw new ArmFailure(
    403,
    'AuthorizationFailed',
    `The client '${objectId}' with object id '${objectId}' does not have authorization to perform action '${kind}/${word}'.`,
  )
}
