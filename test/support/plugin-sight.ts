import { readCluster, type SeenCluster } from '../../src/cli/cluster.ts'
import type { Crew, Worker } from '../../src/cli/workers.ts'

/** When everything in these tests happens. */
export const now = Date.parse('2026-11-01T12:00:00Z')
export const ago = (seconds: number): string => new Date(now - seconds * 1000).toISOString()

const uid = '0f0a4a4e-0000-4000-8000-000000000001'

export const aCondition = (type: string, status: string, [reason, message]: readonly [string, string]) => ({
  type,
  status,
  reason,
  message,
  observedGeneration: 3,
  lastTransitionTime: ago(60),
})

const good = [
  aCondition('Ready', 'True', ['Serving', 'The scheduler and its workers answer.']),
  aCondition('CertificatesReady', 'True', ['Issued', 'Certificates are stored and valid.']),
  aCondition('SchedulerReady', 'True', ['Answering', 'The scheduler answers.']),
  aCondition('WorkersReady', 'True', ['Serving', 'All wanted workers serve.']),
]

/** A cluster as the API server has it, ready unless `status` says otherwise. */
export function aSeenCluster({
  status = {},
  spec = {},
}: {
  status?: object
  spec?: object
} = {}): SeenCluster {
  return readCluster({
    metadata: { name: 'demo', namespace: 'team-a', uid, generation: 3, creationTimestamp: ago(900) },
    spec: { cloud: { aws: {} }, workers: { replicas: 2 }, ...spec },
    status: {
      observedGeneration: 3,
      cloud: 'aws',
      conditions: good,
      schedulerAddress: 'tls://203.0.113.7:8786',
      internalSchedulerAddress: 'tls://10.0.0.7:8786',
      clientSecretName: 'demo-client',
      certificates: { notAfter: '2027-01-30T12:00:00Z', renewAt: '2026-12-31T12:00:00Z' },
      workers: { replicas: 2, ready: 2, selector: 'x=y' },
      ...status,
    },
  })
}

export const aWorker = (name: string, known: Partial<Worker> = {}): Worker => ({
  name,
  address: 'tls://10.0.0.8:9000',
  status: 'running',
  threads: 4,
  memory: 1.5 * 1024 ** 3,
  memoryLimit: 8 * 1024 ** 3,
  cpu: 212.4,
  tasks: { executing: 2, waiting: 17, inMemory: 5 },
  boot: { installed: 21.4, up: 1.62 },
  ...known,
})

export const aCrew = (...workers: readonly Worker[]): Crew => ({
  startedAt: now - 600_000,
  boot: { installed: 19, up: 1.2 },
  workers,
})

export const aLaunch = (known: object) => ({
  id: '0123456789abcdef',
  owner: uid,
  generation: 3,
  scope: 'aws/1/us-east-1',
  role: 'worker',
  group: 'default',
  count: 2,
  fingerprint: 'v1:abc',
  seq: 4,
  offerings: ['m7i.xlarge'],
  offering: 0,
  requestHash: 'abc',
  recordedAt: ago(8),
  state: 'Open',
  ...known,
})
