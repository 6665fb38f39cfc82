import type { ClassRecord } from './cluster.ts'

/** `status` of a DaskCloudCluster as the operator publishes it: all of it but what steps of a plan write down. */
export interface Status {
  readonly observedGeneration?: number
  /** The cloud's name, `simulated` among them, so that nobody takes it for the real thing. */
  readonly cloud?: string
  readonly conditions: readonly Condition[]
  /** The class by which it runs, and what was accepted; undefined where it names none. */
  readonly class?: ClassRecord
  /** `tls://host:port`, or `tcp://` without TLS, for clients outside. */
  readonly schedulerAddress?: string
  /** The same, for the cluster's own machines and whatever shares their network. */
  readonly internalSchedulerAddress?: string
  /** `https://host:port/status`, while the dashboard is exposed. */
  readonly dashboardURL?: string
  readonly clientSecretName?: string
  /** The Service by which pods know the scheduler, where it is there. */
  readonly serviceName?: string
  /** The default group alone, as the scale subresource reads it. */
  readonly workers?: WorkersStatus
  /** The other groups; undefined where there is none. */
  readonly workerGroups?: readonly GroupStatus[]
  /** RFC 3339. */
  readonly certificates?: { readonly notAfter: string; readonly renewAt?: string }
  /** RFC 3339: when its time to live ends. */
  readonly expiresAt?: string
  /** RFC 3339: since when all wanted workers had once answered; kept until the cluster is suspended. */
  readonly readySince?: string
}

export interface GroupStatus {
  readonly name: string
  readonly replicas: number
  readonly ready: number
}

export interface WorkersStatus {
  readonly replicas: number
  readonly ready: number
  readonly selector: string
}

/** A condition as Kubernetes' API conventions have it. */
export interface Condition extends Finding {
  readonly observedGeneration: number
  /** RFC 3339; moves only when `status` does. */
  readonly lastTransitionTime: string
}

/** What a pass found, before it is known when that began. Reasons are stable words; messages hold no ids, and no times but those that stay. */
export interface Finding {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
}
