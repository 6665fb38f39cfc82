import type { Cluster, Group, Lifetime, Sleep, Software } from '../model/cluster.ts'
import { type ClusterKey, type ClusterUid, defaultGroup, type Role, schedulerGroup } from '../model/names.ts'
import type { Spec } from './cluster-schema.ts'
import { fingerprintOf } from './intent.ts'

interface Parts {
  readonly identity: {
    readonly key: ClusterKey
    readonly namespace: string
    readonly name: string
    readonly uid: ClusterUid
    readonly generation: number
    readonly createdAt: number
    readonly isDeleting: boolean
  }
  readonly spec: Spec
  readonly cloud: { readonly name: string; readonly settings: unknown; intent(role: Role): unknown }
  readonly restart: string
  readonly resume: string
  readonly sleep: Sleep
  readonly isAbandoned: boolean
}

/** What a user asked for, with nothing of its wire shape left. */
export function clusterOf({ identity, spec, cloud, restart, ...asked }: Parts): Cluster {
  const { key, namespace, name, uid, generation, createdAt, isDeleting } = identity
  const software: Software = {
    kind: 'python',
    pythonVersion: spec.software.python.version,
    packages: spec.software.python.packages,
  }
  const env = spec.software.env ?? {}
  const launchable = (group: Omit<Group, 'fingerprint'>): Group => {
    const intended = { name: cloud.name, intent: cloud.intent(group.role) }
    return { ...group, fingerprint: fingerprintOf({ software, env, group, cloud: intended, restart }) }
  }
  return {
    key,
    namespace,
    name,
    uid,
    generation,
    createdAt,
    phase: isDeleting ? 'deleting' : spec.suspend || asked.sleep.kind === 'asleep' ? 'suspended' : 'wanted',
    cloud: { name: cloud.name, settings: cloud.settings },
    software,
    env,
    scheduler: launchable(schedulerOf(spec)),
    groups: [launchable(workersOf(spec))],
    restart,
    lifetime: lifetimeOf(spec),
    ...asked,
  }
}

const lifetimeOf = ({ lifetime }: Spec): Lifetime => ({
  idleTimeoutMs: lifetime?.idleTimeout ?? Infinity,
  ttlMs: lifetime?.ttl ?? Infinity,
})

const schedulerOf = ({ scheduler }: Spec): Omit<Group, 'fingerprint'> => ({
  name: schedulerGroup,
  role: 'scheduler',
  replicas: 1,
  threads: undefined,
  memory: undefined,
  resources: {},
  env: scheduler.env ?? {},
})

const workersOf = ({ workers }: Spec): Omit<Group, 'fingerprint'> => ({
  name: defaultGroup,
  role: 'worker',
  replicas: workers.replicas,
  threads: workers.threads,
  memory: workers.memory,
  resources: workers.resources ?? {},
  env: workers.env ?? {},
})
