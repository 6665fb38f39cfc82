import { isRecord } from '../../lib/parse.ts'
import { type MarkName, type Marks, markNames } from '../marks.ts'

/**
 * Labels are the index, for lists and bills: they take lower-case letters, digits, `-` and `_`, and cannot be given to
 * addresses and firewalls when these are made. The whole of the marks is in the description of each thing.
 */
export const labelNames = {
  installation: 'dask-installation',
  uid: 'dask-cluster-uid',
  role: 'dask-role',
  group: 'dask-group',
  launch: 'dask-launch',
} as const satisfies Partial<Record<MarkName, string>>

/** A user's own first: ours win. */
export const labelled = (
  own: Readonly<Record<string, string>>,
  marks: Marks,
): Readonly<Record<string, string>> => ({
  ...own,
  ...Object.fromEntries(
    Object.entries(labelNames).flatMap(([name, label]) => {
      const value = new Map(Object.entries(marks)).get(name)
      return value === undefined ? [] : [[label, value]]
    }),
  ),
})

/** As a description; the same marks give the same text. */
export const described = (marks: Marks): string =>
  JSON.stringify(Object.fromEntries(markNames.flatMap(name => (name in marks ? [[name, marks[name]]] : []))))

/** None where somebody wrote something else. */
export function readMarks(description: string | null | undefined): Marks {
  const raw = parsed(description ?? '')
  return Object.fromEntries(
    markNames.flatMap(name => {
      const value = raw[name]
      return typeof value === 'string' ? [[name, value]] : []
    }),
  )
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : {}
  } catch {
    return {}
  }
}
