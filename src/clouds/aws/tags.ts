import type { Filter, ResourceType, Tag, TagSpecification } from '@aws-sdk/client-ec2'
import type { InstallationId } from '../../model/names.ts'
import type { MarkName, Marks } from '../marks.ts'

/** Every tag of ours, the one place that knows their names. AWS shows them in the account's own lists and bills. */
export const tagNames = {
  installation: 'cloud.dask.org/installation',
  uid: 'cloud.dask.org/cluster-uid',
  cluster: 'cloud.dask.org/cluster',
  role: 'cloud.dask.org/role',
  group: 'cloud.dask.org/group',
  launch: 'cloud.dask.org/launch',
  seq: 'cloud.dask.org/seq',
  fingerprint: 'cloud.dask.org/fingerprint',
  seal: 'cloud.dask.org/seal',
} as const satisfies Record<MarkName, string>

/** A user's own first: ours win. */
export function written(own: Readonly<Record<string, string>>, name: string, tags: Marks): readonly Tag[] {
  const values = new Map(Object.entries(tags))
  const ours = Object.entries(tagNames).flatMap(([key, tag]) => {
    const value = values.get(key)
    return value === undefined ? [] : [[tag, value] as const]
  })
  return Object.entries({ Name: name, ...own, ...Object.fromEntries(ours) }).map(([Key, Value]) => ({
    Key,
    Value,
  }))
}

/** The same tags on several kinds of things that one call makes. */
export const onEach = (kinds: readonly ResourceType[], tags: readonly Tag[]): TagSpecification[] =>
  kinds.map(ResourceType => ({ ResourceType, Tags: [...tags] }))

export function readTags(tags: readonly Tag[] | undefined): Marks {
  const byName = new Map((tags ?? []).map(({ Key, Value }) => [Key, Value]))
  return Object.fromEntries(
    Object.entries(tagNames).flatMap(([name, tag]) => {
      const value = byName.get(tag)
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

export const filter = (name: string, ...values: readonly string[]): Filter => ({
  Name: name,
  Values: [...values],
})

export const installationFilter = (installation: InstallationId): Filter =>
  filter(`tag:${tagNames.installation}`, installation)
export const uidFilter = (uid: string): Filter => filter(`tag:${tagNames.uid}`, uid)
