import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { poll } from '../../src/lib/wait.ts'
import type { Authority } from '../../src/pki/authority.ts'
import { runKubectl } from './kubectl.ts'
import { Program, Watchdog } from './process.ts'
import {
  apiServerFlags,
  auditLogPath,
  authorityOf,
  controllerManagerFlags,
  etcdFlags,
  freePorts,
  type Layout,
  layOut,
  urlOf,
  usersAuthorityOf,
  writeKubeconfig,
} from './programs.ts'
import { findSource, type Source } from './source.ts'

export interface ControlPlaneOptions {
  /** Kept at stop, so that a control plane can be started on its data again; without it, a temporary one is removed. */
  readonly directory?: string
  /** Stops the start; it says nothing about a control plane that runs. */
  readonly signal: AbortSignal
  readonly progress: (line: string) => void
  /** Whether the controller manager runs: garbage collection, namespaces, service accounts, aggregated roles. Default true. */
  readonly controllers?: boolean
  /** Whether official binaries may be downloaded. Default false. */
  readonly download?: boolean
}

/** A real etcd, kube-apiserver and kube-controller-manager on 127.0.0.1, without nodes: pods are stored and never run. */
export interface ControlPlane extends AsyncDisposable {
  /** The path of the administrator's kubeconfig. */
  readonly kubeconfig: string
  readonly url: string
  /** The authority that signed the API server's certificate, as PEM. */
  readonly authority: string
  /** Whoever has a client certificate of this authority is the user that its common name says. */
  readonly usersAuthority: Authority
  /** The administrator's bearer token. */
  readonly token: string
  /** The file of what ServiceAccounts have asked the API server for: `audit.k8s.io/v1` Events, one a line. */
  readonly auditLog: string
  readonly kubectlPath: string
  /** What to run for kubectl: a path, and `kubectl` where the path is the binary of all programs. */
  readonly kubectlCommand: readonly string[]
  readonly hasControllers: boolean
  /** Runs kubectl as administrator and returns its output; throws an Error with its complaint. */
  kubectl(args: readonly string[], input?: string): Promise<string>
  /** The API server alone: stopped, its port refuses; started, it answers at the same address with the same keys. */
  stopApiServer(): Promise<void>
  startApiServer(call: { readonly signal: AbortSignal }): Promise<void>
  restartApiServer(call: { readonly signal: AbortSignal }): Promise<void>
  /** Frozen, it keeps its connections open and answers nothing. */
  pauseApiServer(): void
  resumeApiServer(): void
  stop(): Promise<void>
}

const readyMs = 90_000
/** Ports are found free and then given to others to bind, so somebody may have been faster. */
const portAttempts = 5

/** Starts a control plane and returns when it answers `/readyz`. Throws `NoControlPlane` where none can be had. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { signal, progress } = options
  const source = await findSource({ signal, progress, download: options.download ?? false })
  for (let attempt = 1; ; attempt++) {
    const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'controlplane-')))
    await mkdir(directory, { recursive: true })
    const running = new Running({
      source,
      layout: await layOut(directory, await freePorts()),
      removes: options.directory === undefined,
      controllers: options.controllers ?? true,
    })
    try {
      return await running.start({ signal })
    } catch (error) {
      const taken = await running.portWasTaken()
      await running.stop()
      if (!taken || attempt === portAttempts) throw error
      progress('control plane: somebody took a port first, trying others')
    }
  }
}

interface Parts {
  readonly source: Source
  readonly layout: Layout
  readonly removes: boolean
  readonly controllers: boolean
}

class Running {
  readonly #parts: Parts
  readonly #watchdog: Watchdog
  readonly #programs = new Map<string, Program>()

  constructor(parts: Parts) {
    this.#parts = parts
    this.#watchdog = new Watchdog(parts.removes ? parts.layout.directory : '')
  }

  async start(call: { readonly signal: AbortSignal }): Promise<ControlPlane> {
    const { source, layout, controllers } = this.#parts
    this.#run('etcd', [...source.etcd, ...etcdFlags(layout)])
    await this.#startApiServer(call)
    const kubeconfig = await writeKubeconfig(layout)
    const controllerManager = controllers ? source.controllerManager : undefined
    if (controllerManager !== undefined) {
      this.#run('kube-controller-manager', [...controllerManager, ...controllerManagerFlags(layout)])
    }
    const [kubectlPath = ''] = source.kubectl
    return {
      kubeconfig,
      url: urlOf(layout),
      authority: await authorityOf(layout),
      usersAuthority: await usersAuthorityOf(layout),
      token: layout.token,
      auditLog: auditLogPath(layout.directory),
      kubectlPath,
      kubectlCommand: source.kubectl,
      hasControllers: controllerManager !== undefined,
      kubectl: (args, input) => runKubectl(source.kubectl, { kubeconfig, args, input }),
      stopApiServer: () => this.#stopApiServer(),
      startApiServer: again => this.#startApiServer(again),
      restartApiServer: async again => {
        await this.#stopApiServer()
        await this.#startApiServer(again)
      },
      pauseApiServer: () => this.#programs.get('kube-apiserver')?.pause(),
      resumeApiServer: () => this.#programs.get('kube-apiserver')?.resume(),
      stop: () => this.stop(),
      [Symbol.asyncDispose]: () => this.stop(),
    }
  }

  async stop(): Promise<void> {
    // The store last: an API server whose store is gone takes its time to end.
    for (const name of ['kube-controller-manager', 'kube-apiserver', 'etcd']) {
      await this.#programs.get(name)?.stop()
    }
    if (this.#parts.removes) await rm(this.#parts.layout.directory, { recursive: true, force: true })
    this.#watchdog.dismiss()
  }

  async portWasTaken(): Promise<boolean> {
    const tails = await Promise.all([...this.#programs.values()].map(program => program.tail(200)))
    return tails.some(tail => /address already in use/.test(tail))
  }

  #run(name: string, command: readonly string[]): Program {
    const program = new Program(command, join(this.#parts.layout.directory, `${name}.log`), this.#watchdog)
    this.#programs.set(name, program)
    return program
  }

  async #startApiServer({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const { source, layout } = this.#parts
    this.#run('kube-apiserver', [...source.apiServer, ...apiServerFlags(layout)])
    const deadline = AbortSignal.timeout(readyMs)
    try {
      await poll(() => this.#isReady(), 100, { signal: AbortSignal.any([signal, deadline]) })
    } catch (error) {
      if (!deadline.aborted) throw error
      const tail = await this.#programs.get('kube-apiserver')?.tail()
      throw new Error(`the API server was not ready in ${readyMs / 1_000} s:\n${tail}`, { cause: error })
    }
  }

  async #stopApiServer(): Promise<void> {
    await this.#programs.get('kube-apiserver')?.stop()
  }

  /** True when it is; throws when a program has ended, since then it will never be. */
  async #isReady(): Promise<true | undefined> {
    for (const program of this.#programs.values()) {
      if (program.end === undefined) continue
      throw new Error(`${program.name} ended (${program.end}):\n${await program.tail()}`)
    }
    const { layout } = this.#parts
    const authority = await authorityOf(layout).catch(() => undefined)
    if (authority === undefined) return undefined
    const paths = ['/readyz', '/api/v1/namespaces/default']
    const statuses = await Promise.all(
      paths.map(path => statusOf(`${urlOf(layout)}${path}`, authority, layout.token)),
    )
    return statuses.every(status => status === 200) ? true : undefined
  }
}

/** The status of a GET, or undefined when nobody answered within two seconds. */
function statusOf(url: string, authority: string, token: string): Promise<number | undefined> {
  return new Promise(resolve => {
    const options = {
      ca: authority,
      headers: { authorization: `Bearer ${token}` },
      agent: false,
      timeout: 2_000,
    }
    const sent = request(url, options, reply => {
      reply.resume()
      resolve(reply.statusCode)
    })
    sent.once('timeout', () => sent.destroy())
    sent.once('error', () => resolve(undefined))
    sent.end()
  })
}
