import type { Call } from '../../lib/call.ts'
import { type ClusterUid, readClusterKey } from '../../model/names.ts'
import { type Ours, ownerIn } from '../marks.ts'
import { unless } from '../unless.ts'
import type { SeenTag } from './broom.ts'
import { isGone } from './faults.ts'
import { clusterRole } from './firewalls.ts'
import { client, type Tag } from './sdk.ts'
import type { DigitalOceanSession } from './session.ts'
import { readClusterTag, readLaunchTag } from './tags.ts'

/** Every tag of this installation's clusters that there is. One of the installation itself stays: there is one. */
export async function ownTags(
  session: DigitalOceanSession,
  ours: Ours,
  call: Call,
): Promise<readonly SeenTag[]> {
  const all = await session.all(
    'tags.list',
    call,
    (context, page) => client.tags(context, page),
    ({ tags }) => tags,
  )
  return all.flatMap(tag => seenIn(tag, ours))
}

function seenIn(
  { name, resources }: Pick<Tag, 'name'> & Partial<Tag>,
  { installation, isSealed }: Ours,
): readonly SeenTag[] {
  const ofLaunch = readLaunchTag(name)
  const ofCluster = readClusterTag(name)
  const marks = ofLaunch ?? (ofCluster && { ...ofCluster, role: clusterRole })
  if (marks === undefined || !isSealed({ ...marks, installation })) return []
  const owner = ownerIn({ ...marks, cluster: readClusterKey(ofCluster?.cluster ?? '') })
  return owner === undefined
    ? []
    : [{ name, owner, isOfLaunch: ofLaunch !== undefined, isUsed: isUsed(resources) }]
}

/** Of a tag that does not say, too: it stays. */
const isUsed = (resources: Partial<Tag['resources']> | undefined): boolean =>
  (resources?.droplets?.count ?? 1) > 0

/** One after another; what is gone is taken away. */
export async function removeTags(
  session: DigitalOceanSession,
  names: readonly string[],
  call: Call,
): Promise<void> {
  for (const name of names)
    await unless(
      isGone,
      session.make('tags.delete', call, context => client.deleteTag(context, name)),
    )
}

export const tagsOf = (tags: readonly SeenTag[], uid: ClusterUid): readonly SeenTag[] =>
  tags.filter(({ owner }) => owner.uid === uid)
