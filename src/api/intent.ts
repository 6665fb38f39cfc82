import { digest } from '../lib/fingerprint.ts'
import type { Exposure, Group, Software } from '../model/cluster.ts'
import { type Fingerprint, fingerprint } from '../model/names.ts'

/** What a user asked of one group's machines: what a change of must roll them. Never how many there are. */
export interface Intent {
  readonly software: Software
  readonly env: Readonly<Record<string, string>>
  readonly group: Pick<
    Group,
    'role' | 'sizes' | 'purchasing' | 'threads' | 'memory' | 'resources' | 'nanny' | 'env'
  >
  readonly network: { readonly exposure: Exposure }
  readonly dashboard?: { readonly expose: boolean }
  readonly cloud: { readonly name: string; readonly intent: unknown }
  /** What the annotation that asks for a new scheduler says, or ''. */
  readonly restart: string
}

/**
 * `v1:<digest>` of a group's intent; a scheduler's goes on with `.<digest of the restart annotation>`, or `.0`.
 *
 * Unset fields are left out, so that a field which a later version adds changes nothing as long as nobody sets it:
 * an upgrade of the operator rolls no machine. What is hashed here may never change; a change is a `v2:` beside it.
 */
export function fingerprintOf(intent: Intent): Fingerprint {
  const { software, env, group, network, dashboard, cloud, restart } = intent
  const hash = digest({
    role: group.role,
    software: {
      ...sourceOf(software),
      files: unlessEmpty(software.files ?? []),
      setup: unlessEmpty(software.setup ?? []),
    },
    env: unlessEmpty({ ...env, ...group.env }),
    sizes: group.sizes.length === 0 ? undefined : group.sizes,
    purchasing: group.purchasing === 'OnDemand' ? undefined : group.purchasing,
    exposure: network.exposure === 'Public' ? undefined : network.exposure,
    threads: group.threads,
    memory: group.memory,
    resources: unlessEmpty(group.resources),
    nanny: group.nanny === true ? true : undefined,
    dashboard: group.role === 'scheduler' && dashboard?.expose === true ? true : undefined,
    cloud: { [cloud.name]: cloud.intent },
  })
  return fingerprint(group.role === 'scheduler' ? `v1:${hash}.${restartMark(restart)}` : `v1:${hash}`)
}

const sourceOf = (software: Software): Readonly<Record<string, unknown>> =>
  software.kind === 'image'
    ? { image: software.image }
    : { python: { version: software.pythonVersion, packages: software.packages } }

/** Short, since a fingerprint is also a tag, and clouds have tags of 63 characters. */
const restartMark = (restart: string): string => (restart === '' ? '0' : digest(restart).slice(0, 8))

const unlessEmpty = <T extends object>(value: T): T | undefined =>
  Object.keys(value).length === 0 ? undefined : value
