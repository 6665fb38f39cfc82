import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, inject } from 'vitest'
import { established } from '../../scripts/controlplane/established.ts'
import { runKubectl } from '../../scripts/controlplane/kubectl.ts'
import type { Authority } from '../../src/pki/authority.ts'

/** The run's control plane as a test file uses it: with our custom resources, and a namespace for this file alone. */
export interface SharedControlPlane {
  readonly kubeconfig: string
  readonly url: string
  readonly authority: string
  readonly usersAuthority: Authority
  readonly token: string
  readonly auditLog: string
  readonly kubectlCommand: readonly string[]
  readonly hasControllers: boolean
  /** Made before the file's first test and deleted, without waiting for it, after its last. */
  readonly namespace: string
  kubectl(args: readonly string[], input?: string): Promise<string>
  /** `beforeAll`, but not run where the tests are skipped because no control plane can be had. */
  prepare(work: () => Promise<void>): void
}

/**
 * To be called once at the top of a test file. Files of a run share one API server, so a file keeps to its namespace and
 * leaves the API server running: who wants to stop it starts a control plane of their own.
 * Where none can be had, every test of the file is skipped with the reason.
 */
export function controlPlane(): SharedControlPlane {
  const given = inject('controlPlane')
  if (given.kind === 'none') return skipped(given.reason)
  const namespace = `test-${randomBytes(4).toString('hex')}`
  const plane: SharedControlPlane = {
    ...given,
    namespace,
    kubectl: (args, input) => runKubectl(given.kubectlCommand, { kubeconfig: given.kubeconfig, args, input }),
    prepare: work => beforeAll(work),
  }
  beforeAll(async () => {
    await plane.kubectl(['apply', '--server-side', '--force-conflicts', '-f', 'crds/'])
    await established(plane, 'crds/')
    await plane.kubectl(['create', 'namespace', namespace])
  })
  afterAll(async () => {
    await plane.kubectl(['delete', 'namespace', namespace, '--wait=false'])
  })
  return plane
}

function skipped(reason: string): SharedControlPlane {
  beforeEach(({ skip }) => skip(reason))
  const none = {
    kubeconfig: '',
    url: '',
    authority: '',
    usersAuthority: { certificate: '', key: '' },
    token: '',
    auditLog: '',
    kubectlCommand: [],
    hasControllers: false,
  }
  return {
    ...none,
    namespace: '',
    kubectl: () => Promise.reject(new Error(reason)),
    prepare: () => undefined,
  }
}
