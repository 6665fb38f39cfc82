import { canonicalCidr } from '../lib/cidr.ts'
import type {
  ClassView,
  Cluster,
  Group,
  Lifetime,
  Requested,
  Sleep,
  Software,
  Tls,
} from '../model/cluster.ts'
import {
  type ClusterKey,
  type ClusterUid,
  defaultGroup,
  type Fingerprint,
  type Role,
  schedulerGroup,
} from '../model/names.ts'
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
  readonly cloud: {
    readonly name: string
    readonly settings: unknown
    intent(role: Role): unknown
    readonly ignoresNetwork?: boolean
  }
  readonly credentials: Cluster['credentials']
  readonly class: ClassView | undefined
  readonly restart: string
  readonly resume: string
  readonly renewal: Requested
  readonly sleep: Sleep
  readonly isAbandoned: boolean
}

/** What a user asked for, with nothing of its wire shape left. */
export function clusterOf({ identity, spec, cloud, restart, class: view, ...asked }: Parts): Cluster {
  const { key, namespace, name, uid, generation, createdAt, isDeleting } = identity
  const software = softwareOf(spec)
  const env = spec.software.env ?? {}
  const { dashboard } = spec
  const network = cloud.ignoresNetwork === true ? unexposed : spec.network
  const printOf = (group: Omit<Group, 'fingerprint'>, shown = dashboard): Fingerprint => {
    const intended = { name: cloud.name, intent: cloud.intent(group.role) }
    return fingerprintOf({ software, env, group, network, dashboard: shown, cloud: intended, restart })
  }
  const launchable = (group: Omit<Group, 'fingerprint'>): Group => ({
    ...group,
    fingerprint: printOf(group),
  })
  const scheduler = launchable(schedulerOf(spec))
  return {
    key,
    namespace,
    name,
    uid,
    generation,
    createdAt,
    phase: isDeleting ? 'deleting' : spec.suspend || asked.sleep.kind === 'asleep' ? 'suspended' : 'wanted',
    cloud: { name: cloud.name, settings: cloud.settings },
    ...(view === undefined ? {} : { class: view }),
    software,
    env,
    scheduler,
    groups: [
      workersOf(defaultGroup, spec.workers),
      ...spec.workerGroups.map(each => workersOf(each.name, each)),
    ].map(launchable),
    restart,
    network: networkOf(spec),
    tls: tlsOf(spec),
    dashboard: { isExposed: dashboard.expose, otherwise: printOf(scheduler, { expose: !dashboard.expose }) },
    lifetime: lifetimeOf(spec),
    ...asked,
  }
}

/** As a fingerprint has it that says nothing of a network. */
const unexposed = { exposure: 'Public' } as const

const softwareOf = ({ software: { image, python, files, setup } }: Spec): Software => ({
  ...(image === undefined
    ? { kind: 'python', pythonVersion: python?.version, packages: python?.packages ?? [] }
    : { kind: 'image', image }),
  ...(files === undefined ? {} : { files }),
  ...(setup === undefined ? {} : { setup }),
})

const networkOf = ({ network: { exposure, allowedCIDRs } }: Spec): Cluster['network'] => ({
  exposure,
  allowedCIDRs: [...new Set(allowedCIDRs.map(each => canonicalCidr(each) ?? each))].toSorted(),
})

function tlsOf({ security: { tls } }: Spec): Tls {
  const { mode, secretRef: shared, secretRefs: own, issuerRef: issuer } = tls
  if (mode === 'Disabled') return { kind: 'disabled' }
  if (issuer !== undefined) return { kind: 'issuer', issuer }
  const refs = own ?? (shared && { scheduler: shared, worker: shared, client: shared })
  if (refs === undefined) return { kind: 'generated' }
  const { scheduler, worker, client } = refs
  return {
    kind: 'provided',
    secrets: { scheduler: scheduler.name, worker: worker.name, client: client.name },
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
  sizes: scheduler.size === undefined ? [] : [scheduler.size],
  purchasing: 'OnDemand',
  threads: undefined,
  memory: undefined,
  resources: {},
  env: scheduler.env ?? {},
})

const workersOf = (name: string, workers: Spec['workers']): Omit<Group, 'fingerprint'> => ({
  name,
  role: 'worker',
  replicas: workers.replicas,
  sizes: workers.sizes ?? [],
  purchasing: workers.purchasing,
  threads: workers.threads,
  memory: workers.memory,
  resources: workers.resources ?? {},
  nanny: workers.nanny ?? false,
  env: workers.env ?? {},
})
