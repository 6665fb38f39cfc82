import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { accountName, callsOf } from './audit.ts'
import type { ClusterResource, SecretResource } from './cluster-e2e.ts'
import type { SharedControlPlane } from './control-plane.ts'
import { DaskUser } from './dask-user.ts'
import type { LocalFleet, LocalMachine } from './local-fleet.ts'
import { type Grant, unlawful } from './rights.ts'
import { type Artefact, type Known, keysIn, scan } from './scan.ts'
import { isSecret } from './told.ts'

/** What a stage lets the scanner see. */
export interface Seen {
  readonly python: string
  readonly folder: string
  readonly fleet: LocalFleet
  readonly operator: { readonly pid: number; log(): Promise<string> }
  readonly tenant: string
  readonly operatorNamespace: string
  readonly statuses: ReadonlySet<string>
  readonly plane: Pick<SharedControlPlane, 'auditLog'>
  get(path: string): Promise<unknown>
}

/** Larger files are programs and libraries. */
const largestFile = 4_000_000

/** Looks everywhere that a key or a credential might have come to, while clusters live and at the end. */
export class StageScan {
  readonly #seen: Seen
  readonly #known = new Map<string, Known>()
  readonly #found: string[] = []
  readonly #clusters = new Set<string>()

  constructor(seen: Seen) {
    this.#seen = seen
  }

  /** Whatever was a private key or a credential once must not be told for ever. */
  note(secrets: readonly SecretResource[]): void {
    for (const { metadata, data } of secrets)
      for (const [name, value] of Object.entries(data)) {
        if (!isSecret(name)) continue
        const text = Buffer.from(value, 'base64').toString()
        this.#known.set(`${metadata.name} ${text}`, { name: metadata.name, value: text })
      }
  }

  /** Once for each cluster, as soon as it serves: its machines, its processes and what its scheduler tells of itself. */
  async look(cluster: ClusterResource, secrets: readonly SecretResource[]): Promise<void> {
    const { uid } = cluster.metadata
    if (this.#clusters.has(uid)) return
    this.#clusters.add(uid)
    this.note(secrets)
    const machines = await this.#seen.fleet.machines()
    const isPlain = cluster.status.schedulerAddress?.startsWith('tcp:') === true
    const own = (role: string) => (isPlain ? undefined : `dask-${uid}-${role}`)
    const files = await Promise.all(machines.map(machine => filesOf(machine, own(machine.role))))
    const pids = [this.#seen.operator.pid, ...(await this.#seen.fleet.pids())]
    const processes = (await Promise.all(pids.map(processArtefacts))).flat()
    this.#report(
      machines.length > 0 && processes.length < 2 * machines.length ? ['no process could be looked at'] : [],
    )
    this.#report(files.flatMap(({ problems }) => problems))
    this.#scan([...files.flatMap(({ artefacts }) => artefacts), ...processes])
    if (machines.length > 0) this.#scan([await this.#dump(cluster, secrets)])
  }

  /** All that was found, together with what the operator has told anybody until now, and what it asked for beyond its rights. */
  async findings(grants: readonly Grant[]): Promise<readonly string[]> {
    const { tenant, operatorNamespace, operator, statuses, plane } = this.#seen
    const calls = await callsOf(plane.auditLog, accountName(operatorNamespace))
    if (calls.length === 0) this.#report(['the API server has written down no call of the operator'])
    this.#report(unlawful(grants, calls).map(call => `beyond the rights of the manifest: ${call}`))
    const kinds = [
      '/apis/events.k8s.io/v1/namespaces/NS/events',
      '/api/v1/namespaces/NS/events',
      '/api/v1/namespaces/NS/configmaps',
      '/api/v1/namespaces/NS/pods',
      '/apis/coordination.k8s.io/v1/namespaces/NS/leases',
      '/apis/cloud.dask.org/v1alpha1/namespaces/NS/daskcloudclusters',
    ]
    const paths = [tenant, operatorNamespace].flatMap(each => kinds.map(path => path.replace('NS', each)))
    const objects = paths.map(async path => ({
      name: path,
      text: JSON.stringify(await this.#seen.get(path)),
    }))
    this.#scan([
      { name: 'the operator’s log', text: await operator.log() },
      { name: 'a status', text: [...statuses].join('\n') },
      ...(await Promise.all(objects)),
    ])
    return this.#found
  }

  #scan(artefacts: readonly Artefact[]): void {
    this.#report(scan(artefacts, [...this.#known.values()]))
  }

  #report(problems: readonly string[]): void {
    this.#found.push(...problems)
  }

  /** What a client may have the scheduler and the workers tell of themselves. */
  async #dump({ metadata, status }: ClusterResource, secrets: readonly SecretResource[]): Promise<Artefact> {
    const secret = secrets.find(each => each.metadata.name.endsWith('-client'))
    const folder = join(this.#seen.folder, `dump-${metadata.uid}`)
    const user = await DaskUser.create(this.#seen.python, folder, {
      secret,
      scheduler: status.schedulerAddress,
    })
    const told = await user.ask('client.dump_cluster_state("dump")\nprint(json.dumps(os.listdir(".")))')
    const raw = gunzipSync(await readFile(join(folder, 'dump.msgpack.gz')))
    if (!raw.includes('transition_log'))
      throw new Error(`the dump of the cluster's state holds none: ${JSON.stringify(told)}`)
    return { name: 'the dump of the cluster’s state', text: raw }
  }
}

/** A machine's files, with what is wrong with those that hold a key: whose it is not to be, and who may read them. `own`: its key's; none without TLS. */
export async function filesOf(
  { home, role, id }: Pick<LocalMachine, 'home' | 'role' | 'id'>,
  own: string | undefined,
) {
  const names = (await readdir(home, { recursive: true, withFileTypes: true }))
    .filter(each => each.isFile())
    .map(each => join(each.parentPath, each.name))
  const artefacts: Artefact[] = []
  const problems: string[] = []
  const wanted = own === undefined ? 0 : 1
  for (const path of names) {
    const found = await stat(path).catch(() => undefined)
    if (found === undefined || found.size > largestFile) continue
    const text = await readFile(path).catch(() => Buffer.alloc(0))
    const name = `${role} ${id}, ${relative(home, path)}`
    const isLog = path.endsWith('.log')
    artefacts.push({ name, text, holds: isLog || own === undefined ? [] : [own] })
    const keys = keysIn(text).length
    if (keys > 0 && (found.mode & 0o177) !== 0)
      problems.push(`${name}: a key in a file of mode ${found.mode.toString(8)}`)
    if (keys !== wanted && ['boot.json', 'node.key'].includes(basename(path)))
      problems.push(`${name}: ${keys} keys, not ${wanted}`)
  }
  const isThere = names.some(path => path.endsWith('/etc/dask/node.key'))
  if (isThere !== wanted > 0) problems.push(`${role} ${id} has ${isThere ? 'a' : 'no'} key`)
  return { artefacts, problems }
}

/** Its command line and its environment, as everybody of the same user can see them. */
export async function processArtefacts(pid: number): Promise<readonly Artefact[]> {
  const parts = ['cmdline', 'environ'].map(async (part): Promise<Artefact> => {
    const text = await readFile(`/proc/${pid}/${part}`).catch(() => Buffer.alloc(0))
    return { name: `${part} of process ${pid}`, text }
  })
  return (await Promise.all(parts)).filter(({ text }) => text.length > 0)
}
