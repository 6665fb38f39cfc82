import type { Group, Software } from '../model/cluster.ts'
import type { Addresses } from '../model/machine.ts'
import type { Role } from '../model/names.ts'
import { schedulerPort } from '../model/ports.ts'

/** All that decides what a machine does at its first boot. It holds a private key: never logged, never in a plan. */
export interface Boot {
  readonly role: Role
  readonly group: Pick<Group, 'threads' | 'memory' | 'resources' | 'nanny' | 'env'>
  readonly software: Software
  /** The cluster's; that of the group goes over it. */
  readonly env: Readonly<Record<string, string>>
  /** `none`: no TLS. */
  readonly certificates: MachineCertificates | 'none'
  /** Workers dial `internal`, and the scheduler listens on its port. */
  readonly scheduler: Addresses
  readonly limits: MachineLimits
  /** Whether a scheduler shows its pages to whom its firewall lets through and who has a certificate of the cluster. */
  readonly exposesDashboard?: boolean | undefined
  /**
   * Whose metadata service says that the machine is taken back, in a cloud where its power-off ends it or has it ended.
   * Undefined elsewhere: nothing watches the machine from inside.
   */
  readonly metadata?: MetadataService | undefined
  /** Whether tasks may ask it, too: else Dask's own user is kept away. */
  readonly opensMetadata?: boolean | undefined
}

const listening = { host: '0.0.0.0', port: schedulerPort } as const

/** For a scheduler whose address nobody knows before it runs: it listens on its port wherever it is. */
export const anywhere: Addresses = { internal: listening, external: listening }

export type MetadataService = 'ec2' | 'gce' | 'azure' | 'digitalocean'

/** PEM, of this role alone: a machine never holds another role's key. */
export interface MachineCertificates {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

export interface MachineLimits {
  /** A worker that reaches no scheduler for so long starts over. */
  readonly deathTimeoutS: number
  /** A scheduler with nothing to do for so long ends: the backstop behind the operator's own look. Undefined for never. */
  readonly idleTimeoutS: number | undefined
}
