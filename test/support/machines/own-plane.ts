import { randomBytes } from 'node:crypto'
import { established } from '../../../scripts/controlplane/established.ts'
import { startControlPlane } from '../../../scripts/controlplane/index.ts'
import type { SharedControlPlane } from '../control-plane.ts'
import { tell } from '../python.ts'

const startMs = 120_000

/**
 * A control plane for one file alone, where the run's own cannot be reached: in a network namespace. With our custom
 * resources and a namespace. Throws `NoControlPlane` where none can be had.
 */
export async function ownControlPlane(): Promise<SharedControlPlane & AsyncDisposable> {
  const plane = await startControlPlane({ signal: AbortSignal.timeout(startMs), progress: tell })
  const namespace = `test-${randomBytes(4).toString('hex')}`
  await plane.kubectl(['apply', '--server-side', '-f', 'crds/'])
  await established(plane, 'crds/')
  await plane.kubectl(['create', 'namespace', namespace])
  return { ...plane, namespace, prepare: work => void work() }
}
