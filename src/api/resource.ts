import { integer, isRecord, list, optional, ParseError, record, text } from '../lib/parse.ts'
import type { ClassView, Cluster } from '../model/cluster.ts'
import type { Launch } from '../model/launch.ts'
import {
  type ClusterKey,
  type ClusterUid,
  clusterKey,
  clusterUid,
  operatorSecretIn,
  type Role,
} from '../model/names.ts'
import type { Status } from '../model/status.ts'
import { clusterOf } from './cluster.ts'
import { type Spec, spec } from './cluster-schema.ts'
import { minted, readLaunches } from './launch-records.ts'
import { annotations, credentialsFinalizer, finalizer } from './names.ts'
import { type Placement, readPlacement } from './placement.ts'
import { requestMark, sleepOf } from './sleep.ts'
import { type LedgerStamp, readLedger, readStatus } from './status.ts'

/** How a cloud reads its settings. It throws a ParseError; undefined where no cloud of that name is known. */
export type CloudParser = (
  name: string,
  settings: unknown,
  /** A cluster that is being deleted is read generously: its machines must not outlive a setting. */
  how: { readonly path: string; readonly isDeleting: boolean },
) =>
  | {
      readonly settings: unknown
      intent(role: Role): unknown
      /** A change of `spec.network` asks nothing of its machines. */
      readonly ignoresNetwork?: boolean
    }
  | undefined

/** What can be told of every resource, understood or not. */
export interface Identity {
  readonly key: ClusterKey
  readonly namespace: string
  readonly name: string
  readonly uid: ClusterUid
  readonly generation: number
  readonly resourceVersion: string
  readonly finalizers: readonly string[]
  readonly hasFinalizer: boolean
  readonly isDeleting: boolean
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  readonly status: Status
}

/** A resource that was understood: the wish, and what was written down about it. */
export interface Resource extends Identity {
  readonly cluster: Cluster
  /** Undefined before the operator took it into care. */
  readonly placement: Placement | undefined
  /** Undefined where it was never written, was lost or cannot be read. */
  readonly ledger: LedgerStamp | undefined
  /** Undefined where there are records that cannot be read: then the ledger counts as lost. */
  readonly launches: readonly Launch[] | undefined
  /** Secrets of its namespace that are in use because of it. */
  readonly heldSecrets: readonly string[]
  /** What is wrong with the ledger or its records, or undefined. */
  readonly recordsProblem: string | undefined
}

export type Parsed =
  | { readonly kind: 'valid'; readonly resource: Resource }
  /** Each problem begins with its path. */
  | { readonly kind: 'invalid'; readonly identity: Identity; readonly problems: readonly string[] }
  /** Made for a cloud that only a newer version knows: nothing of it may be touched. */
  | { readonly kind: 'unknown-cloud'; readonly identity: Identity; readonly name: string }

/** How a cluster is to be read that names a class. */
export interface Classed {
  /** Its spec, with what the class says filled in. */
  readonly spec: unknown
  readonly view: ClassView
  /** The class's Secret, as `Cluster.credentials` has it. */
  readonly credentials: Cluster['credentials']
}

/** A DaskCloudCluster from the API server. Throws a ParseError only where not even its metadata can be read. */
export function parseResource(raw: unknown, parseCloud: CloudParser, classed?: Classed): Parsed {
  const resource = record(raw, 'resource')
  const metadata = record(resource['metadata'], 'metadata')
  const identity = identityOf(metadata, resource['status'])
  const notes = annotationsOf(metadata)
  const problems = new Problems()
  const wish = problems.collect(() => specOf(classed?.spec ?? resource['spec'], identity.isDeleting))
  const placement = (identity.isDeleting ? new Problems() : problems).collect(() =>
    optional(notes[annotations.placement], `metadata.annotations["${annotations.placement}"]`, readPlacement),
  )
  const chosen = wish && problems.collect(() => choose(wish, parseCloud, identity.isDeleting))
  if (chosen?.kind === 'unknown') return { kind: 'unknown-cloud', identity, name: chosen.name }
  if (!wish || !chosen || problems.texts.length > 0)
    return { kind: 'invalid', identity, problems: problems.texts }
  const restart = notes[annotations.restart]
  const resume = requestMark(notes[annotations.resume])
  const cluster = clusterOf({
    identity,
    spec: wish,
    cloud: { name: chosen.name, ...chosen.read },
    credentials: classed === undefined ? wish.credentialsSecretRef : classed.credentials,
    class: classed?.view,
    restart: typeof restart === 'string' ? restart : '',
    resume,
    renewal: {
      leaves: requestMark(notes[annotations.renew]),
      authority: requestMark(notes[annotations.renewAuthority]),
    },
    sleep: sleepOf(resource['status'], { generation: identity.generation, resume }),
    isAbandoned: notes[annotations.abandon] === identity.uid,
  })
  const heldSecrets = heldBy(identity, notes[annotations.credentials])
  return {
    kind: 'valid',
    resource: { ...identity, cluster, placement, heldSecrets, ...recordsOf(resource['status']) },
  }
}

/** A cluster that is being deleted needs its cloud and who may reach it: no other bad field may keep its machines alive. */
function specOf(raw: unknown, isDeleting: boolean): Spec {
  try {
    return spec.read(raw, 'spec')
  } catch (error) {
    if (!isDeleting || !isRecord(raw)) throw error
    const { cloud, credentialsSecretRef, security } = raw
    return firstRead([
      { cloud, credentialsSecretRef, security },
      { cloud, credentialsSecretRef },
    ])
  }
}

function firstRead([best, last]: readonly [unknown, unknown]): Spec {
  try {
    return spec.read(best, 'spec')
  } catch {
    return spec.read(last, 'spec')
  }
}

/** A name that nobody could have written there for us is nobody's Secret. */
function heldBy({ finalizers }: Identity, written: unknown): readonly string[] {
  if (!finalizers.includes(credentialsFinalizer) || typeof written !== 'string') return []
  return written.split(',').filter(name => secretName.test(operatorSecretIn(name) ?? name))
}

const secretName = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/

type Choice =
  | { readonly kind: 'unknown'; readonly name: string }
  | { readonly kind: 'known'; readonly name: string; readonly read: NonNullable<ReturnType<CloudParser>> }

function choose({ cloud }: Spec, parseCloud: CloudParser, isDeleting: boolean): Choice {
  if (cloud === undefined)
    throw new ParseError('spec.cloud', 'is for the class to say, which nobody has asked')
  const { name, settings } = cloud
  const read = parseCloud(name, settings, { path: `spec.cloud.${name}`, isDeleting })
  return read === undefined ? { kind: 'unknown', name } : { kind: 'known', name, read }
}

function recordsOf(raw: unknown): Pick<Resource, 'ledger' | 'launches' | 'recordsProblem'> {
  const status = isRecord(raw) ? raw : {}
  const problems = new Problems()
  const ledger = problems.collect(() => optional(status['ledger'], 'status.ledger', readLedger))
  const launches = problems.collect(() => readLaunches(status['launches'] ?? [], 'status.launches'))
  return { ledger, launches, recordsProblem: problems.texts[0] }
}

function identityOf(metadata: Readonly<Record<string, unknown>>, status: unknown): Identity {
  const namespace = text(metadata['namespace'], 'metadata.namespace')
  const name = text(metadata['name'], 'metadata.name')
  const finalizers = list(metadata['finalizers'] ?? [], 'metadata.finalizers').map((each, at) =>
    text(each, `metadata.finalizers[${at}]`),
  )
  const counted = { min: 0, max: Number.MAX_SAFE_INTEGER }
  return {
    key: clusterKey(namespace, name),
    namespace,
    name,
    uid: minted(text(metadata['uid'], 'metadata.uid'), 'metadata.uid', clusterUid),
    generation: integer(metadata['generation'], 'metadata.generation', counted),
    resourceVersion: text(metadata['resourceVersion'], 'metadata.resourceVersion'),
    finalizers,
    hasFinalizer: finalizers.includes(finalizer),
    isDeleting: typeof metadata['deletionTimestamp'] === 'string',
    createdAt: Date.parse(text(metadata['creationTimestamp'], 'metadata.creationTimestamp')),
    status: readStatus(status),
  }
}

function annotationsOf(metadata: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const notes = metadata['annotations']
  return isRecord(notes) ? notes : {}
}

/** Gathers what is wrong instead of stopping at the first. */
class Problems {
  readonly #texts: string[] = []

  get texts(): readonly string[] {
    return this.#texts
  }

  collect<T>(read: () => T): T | undefined {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof ParseError)) throw error
      this.#texts.push(error.message)
      return undefined
    }
  }
}
