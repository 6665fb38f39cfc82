import type { TestProject } from 'vitest/node'
import { type ControlPlane, startControlPlane } from '../../scripts/controlplane/index.ts'
import { NoControlPlane } from '../../scripts/controlplane/source.ts'
import type { Authority } from '../../src/pki/authority.ts'

/** What the test files are told: plain values, since they run in processes of their own. */
export type ProvidedControlPlane =
  | { readonly kind: 'none'; readonly reason: string }
  | {
      readonly kind: 'running'
      readonly kubeconfig: string
      readonly url: string
      /** PEM. */
      readonly authority: string
      readonly usersAuthority: Authority
      readonly token: string
      readonly auditLog: string
      readonly kubectlCommand: readonly string[]
      readonly hasControllers: boolean
    }

declare module 'vitest' {
  interface ProvidedContext {
    controlPlane: ProvidedControlPlane
  }
}

/** A cold build of the control plane is part of it. */
const deadlineMs = 30 * 60_000

interface Shared {
  readonly plane: Promise<ControlPlane>
  users: number
}

declare global {
  /** Each project of a run loads this module anew, so what they share lives outside it. */
  var sharedControlPlane: Shared | undefined
}

/** Starts the run's control plane, or joins the one of another project of the same run. */
export async function setup(project: TestProject): Promise<void> {
  globalThis.sharedControlPlane ??= { plane: start(), users: 0 }
  const shared = globalThis.sharedControlPlane
  shared.users += 1
  try {
    const { kubeconfig, url, authority, usersAuthority, token, auditLog, kubectlCommand, hasControllers } =
      await shared.plane
    project.provide('controlPlane', {
      kind: 'running',
      kubeconfig,
      url,
      authority,
      usersAuthority,
      token,
      auditLog,
      kubectlCommand,
      hasControllers,
    })
  } catch (error) {
    if (!(error instanceof NoControlPlane)) throw error
    project.provide('controlPlane', { kind: 'none', reason: error.message })
  }
}

export async function teardown(): Promise<void> {
  const last = globalThis.sharedControlPlane
  if (last === undefined) return
  last.users -= 1
  if (last.users > 0) return
  globalThis.sharedControlPlane = undefined
  const plane = await last.plane.catch(() => undefined)
  await plane?.stop()
}

function start(): Promise<ControlPlane> {
  return startControlPlane({
    signal: AbortSignal.timeout(deadlineMs),
    progress: line => console.error(line),
  })
}
