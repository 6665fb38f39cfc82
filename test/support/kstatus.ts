/** As much of a resource as kstatus looks at. */
export interface Judged {
  readonly metadata: { readonly generation?: number; readonly deletionTimestamp?: string }
  readonly status?: {
    readonly observedGeneration?: number
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
  }
}

export type Kstatus = 'InProgress' | 'Current' | 'Failed' | 'Terminating'

/**
 * What kstatus makes of a custom resource, by its documented rules, in their order: sigs.k8s.io/cli-utils, pkg/kstatus. Of
 * `Reconciling` and `Stalled` it believes whichever it meets first.
 */
export function kstatus({ metadata, status = {} }: Judged): Kstatus {
  if (metadata.deletionTimestamp !== undefined) return 'Terminating'
  const { observedGeneration, conditions = [] } = status
  if (observedGeneration !== undefined && observedGeneration !== metadata.generation) return 'InProgress'
  const first = conditions.find(
    each => each.status === 'True' && (each.type === 'Reconciling' || each.type === 'Stalled'),
  )
  if (first !== undefined) return first.type === 'Stalled' ? 'Failed' : 'InProgress'
  const ready = conditions.find(({ type }) => type === 'Ready')
  return ready === undefined || ready.status === 'True' ? 'Current' : 'InProgress'
}
