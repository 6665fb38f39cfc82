import type { Call } from '../../lib/call.ts'
import { CloudError } from '../../model/faults.ts'
import type { ClusterUid } from '../../model/names.ts'
import type { Ours } from '../marks.ts'
import { unless } from '../unless.ts'
import { isGoing, ownPart } from './belongings.ts'
import { isGone } from './faults.ts'
import { partName, readDiskName } from './names.ts'
import { taken } from './operations.ts'
import { everyPage } from './pages.ts'
import type { Resource, ResourceGroup } from './sdk.ts'
import type { AzureSession } from './session.ts'
import { readTags } from './tags.ts'

/** Makes a cluster's own resource group where it is not there. A group of its name that is somebody else's is never used. */
export async function makeGroup(
  session: AzureSession,
  ours: Ours,
  wish: { readonly uid: ClusterUid; readonly location: string; readonly tags: Record<string, string> },
  call: Call,
): Promise<void> {
  const { resourceGroups } = session.clients.resources
  const name = partName(wish.uid, 'group')
  const found = await groupNamed(session, name, call)
  if (found === undefined) {
    await session.make('resourceGroups.createOrUpdate', call, options =>
      resourceGroups.createOrUpdate(name, { location: wish.location, tags: wish.tags }, options),
    )
    return
  }
  if (ownPart(found, 'groups', ours)?.owner.uid !== wish.uid)
    throw new CloudError(
      'invalid',
      `There is a resource group ${name} that the operator has not made: delete it, or set spec.cloud.azure.resourceGroup`,
    )
  if (isGoing({ group: found }))
    throw new CloudError('not-yet', `The resource group ${name} is being deleted; it is made anew after that`)
}

/** Throws a CloudError where the group that the user named is not there. */
export async function requireGroup(session: AzureSession, name: string, call: Call): Promise<void> {
  const found = await groupNamed(session, name, call)
  if (found === undefined)
    throw new CloudError(
      'invalid',
      `There is no resource group ${name} in the subscription: correct spec.cloud.azure.resourceGroup`,
    )
}

const groupNamed = (session: AzureSession, name: string, call: Call): Promise<ResourceGroup | undefined> =>
  session
    .make('resourceGroups.get', call, options => session.clients.resources.resourceGroups.get(name, options))
    .catch((error: unknown) => {
      if (isGone(error)) return undefined
      throw error
    })

const thingsIn = (session: AzureSession, group: string, call: Call): Promise<readonly Resource[]> =>
  everyPage(
    session,
    'resources.listByResourceGroup',
    options => session.clients.resources.resources.listByResourceGroup(group, options),
    call,
  )

/**
 * Whether it is a cluster's: by what it says of itself. A disk may say nothing, and has a name that nobody else would give;
 * what is made under a thing, an extension of a machine for one, goes with that.
 */
function isOf(thing: Resource, uid: ClusterUid, { installation }: Ours): boolean {
  const marks = readTags(thing)
  const isMarked = marks.installation === installation && marks.uid === uid
  return isMarked || readDiskName(thing.name ?? '')?.uid === uid || (thing.name ?? '').includes('/')
}

/**
 * Asks for the end of a group that was made for a cluster, with all that is in it: but not while there is something in it that
 * is not the cluster's. Returns when Azure has taken the request; the group is listed as long as it is there.
 */
export async function removeGroup(
  session: AzureSession,
  { group, uid }: { readonly group: ResourceGroup; readonly uid: ClusterUid },
  ours: Ours,
  call: Call,
): Promise<void> {
  if (isGoing({ group })) return
  const name = group.name ?? ''
  const stranger = (await thingsIn(session, name, call)).find(thing => !isOf(thing, uid, ours))
  if (stranger !== undefined)
    throw new CloudError(
      'not-yet',
      `The resource group ${name} goes with its cluster, and something is in it that is not the cluster's, ${stranger.type ?? ''} ${stranger.name ?? ''}: move it or delete it`,
    )
  const { resourceGroups } = session.clients.resources
  await unless(
    isGone,
    taken(
      session,
      'resourceGroups.delete',
      pace =>
        resourceGroups.delete(name, { ...pace, forceDeletionTypes: 'Microsoft.Compute/virtualMachines' }),
      call,
    ),
  )
}
