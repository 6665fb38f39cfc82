import { type MarkName, type Marks, markNames } from '../marks.ts'
import type { Thing } from './sdk.ts'

const prefix = 'dask-'
const tagNames = { uid: 'cluster-uid' } as const satisfies Partial<Record<MarkName, string>>

const tagOf = (mark: MarkName): string => `${prefix}${mark === 'uid' ? tagNames.uid : mark}`

/** A user's own first: ours win. Azure holds two names that differ in case for one. */
export function tagged(own: Readonly<Record<string, string>>, marks: Marks): Record<string, string> {
  const ours = markNames.flatMap(mark => {
    const value = marks[mark]
    return value === undefined ? [] : [[tagOf(mark), value] as const]
  })
  const taken = new Set(ours.map(([name]) => name))
  const theirs = Object.entries(own).filter(([name]) => !taken.has(name.toLowerCase()))
  return Object.fromEntries([...theirs, ...ours])
}

/** None where it carries none of ours. */
export function readTags({ tags }: Pick<Thing, 'tags'>): Marks {
  const found = new Map(Object.entries(tags ?? {}).map(([name, value]) => [name.toLowerCase(), value]))
  return Object.fromEntries(
    markNames.flatMap(mark => {
      const value = found.get(tagOf(mark))
      return value === undefined ? [] : [[mark, value]]
    }),
  )
}
