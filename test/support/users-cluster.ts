import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, inject } from 'vitest'
import { type ControlPlane, startControlPlane } from '../../scripts/controlplane/index.ts'
import { temporaryFolder } from '../../scripts/remains.ts'
import { record } from '../../src/lib/parse.ts'
import { Demo } from './demo-process.ts'

/** A Kubernetes cluster of the user's, which the demo knows by a kubeconfig alone, and a folder for each test. */
export interface UsersCluster {
  readonly plane: ControlPlane
  readonly folder: string
  /** As its administrator; throws an Error with kubectl's complaint. */
  readonly kubectl: (args: readonly string[], input?: string) => Promise<string>
  /** All that a demo could have made or taken away, with UIDs: what was deleted and made again is not the same. */
  things(): Promise<string>
  /** The demo on this cluster. */
  play(...words: readonly string[]): Demo
  /** A kubeconfig like the administrator's, but for what `change` does to it. */
  kubeconfig(change: (config: Config) => void): Promise<string>
}

export interface Config {
  clusters: [{ cluster: object }]
  users: [{ user: object }]
}

/** To be called once at the top of a test file; where no control plane can be had, its tests are skipped with the reason. */
export function usersCluster(): UsersCluster {
  const given = inject('controlPlane')
  let running: ControlPlane | undefined
  let folder = ''
  const played: Demo[] = []
  beforeAll(async () => {
    if (given.kind === 'none') return
    running = await startControlPlane({ signal: AbortSignal.timeout(800_000), progress: () => undefined })
  })
  afterAll(() => running?.stop())
  beforeEach(async ({ skip }) => {
    if (given.kind === 'none') skip(given.reason)
    folder = await temporaryFolder('demo-test')
  })
  afterEach(async () => {
    // One that a failed test has left takes away what it made.
    for (const demo of played.splice(0)) await demo.end('SIGINT')
    await rm(folder, { recursive: true, force: true })
  })
  const plane = (): ControlPlane => {
    if (running === undefined) throw new Error('the control plane does not run')
    return running
  }
  return {
    get plane() {
      return plane()
    },
    get folder() {
      return folder
    },
    kubectl: (args, input) => plane().kubectl(args, input),
    things: () => thingsOf(plane()),
    play(...words) {
      const demo = new Demo(folder, ['--kubeconfig', plane().kubeconfig, ...words])
      played.push(demo)
      return demo
    },
    async kubeconfig(change) {
      const config: Config = JSON.parse(await readFile(plane().kubeconfig, 'utf8'))
      change(config)
      const path = join(folder, 'config')
      await writeFile(path, JSON.stringify(record(config, 'kubeconfig')))
      return path
    },
  }
}

async function thingsOf(plane: ControlPlane): Promise<string> {
  const kinds = ['namespaces,customresourcedefinitions', 'secrets,leases', 'clusterroles,clusterrolebindings']
  const line = '{.kind} {.metadata.namespace} {.metadata.name} {.metadata.uid}{"\\n"}'
  const texts = await Promise.all(
    kinds.map(each => plane.kubectl(['get', each, '-A', `-o=jsonpath={range .items[*]}${line}{end}`])),
  )
  return texts.join('').split('\n').toSorted().join('\n')
}
