import { KubeError, reasonIn, wasRefused } from '../kube/fault.ts'
import type { Objects } from '../kube/objects.ts'
import type { Call } from '../lib/call.ts'
import type { Cluster } from '../model/cluster.ts'
import { CloudError } from '../model/faults.ts'
import type { ClusterUid, InstallationId } from '../model/names.ts'
import { leadsElsewhere, type Route, type ServiceView, serviceName } from '../model/service.ts'
import type { Hands } from '../reconcile/ports.ts'
import {
  addressTypeOf,
  isOurs,
  type ServicePlace,
  serviceFields,
  serviceSeen,
  sliceFields,
  sliceSeen,
  versionOf,
} from './service-objects.ts'

export interface ServicesOptions {
  readonly services: Pick<Objects, 'read' | 'create' | 'patch' | 'remove'>
  readonly slices: Pick<Objects, 'read' | 'create' | 'patch' | 'remove'>
  readonly installation: InstallationId
  readonly now: () => number
}

/** Nothing watches a tenant's objects: at rest every pass reads them, and no pass of those that follow at once. */
const rereadMs = 30_000
const unreadableMs = 10_000
/** While the API server is away, what it said last is the better guess for so long. */
const staleMs = 10 * 60_000
/** The API server would say the same again; what it has not answered may be over in a moment. */
const refusedMs = { certainly: 60_000, perhaps: 5_000 }

interface Found {
  readonly service: unknown
  readonly slice: unknown
}

type Known = { readonly until: number } & (
  | { readonly found: Found; readonly readAt: number }
  | { readonly problem: string }
)

/** Every cluster's Service and EndpointSlice, by which pods know its scheduler. */
export class Services {
  readonly #options: ServicesOptions
  readonly #known = new Map<ClusterUid, Known>()
  readonly #refused = new Map<ClusterUid, { readonly until: number; readonly problem: string }>()

  constructor(options: ServicesOptions) {
    this.#options = options
  }

  async look(cluster: Cluster, call: Call): Promise<ServiceView> {
    const refusal = this.#refused.get(cluster.uid)
    if (refusal !== undefined && this.#options.now() < refusal.until)
      return { kind: 'refused', problem: refusal.problem }
    this.#refused.delete(cluster.uid)
    const known = await this.#look(cluster, call)
    if ('problem' in known) return { kind: 'silent', problem: known.problem }
    const place = this.#place(cluster)
    const { service, slice } = known.found
    return { kind: 'seen', service: serviceSeen(service, place), slice: sliceSeen(slice, place) }
  }

  /** Makes or mends what was not as it is to be when it was looked at, and nothing else. */
  publish(cluster: Cluster, route: Route | undefined, call: Call): Promise<void> {
    return this.#change(cluster, async found => {
      const place = this.#place(cluster)
      const service = serviceSeen(found.service, place)
      if (service === 'foreign') return found
      const isWritten = service !== 'kept'
      const written = isWritten
        ? await this.#write('services', serviceFields(place), { cluster, before: found.service }, call)
        : found.service
      if (!leadsElsewhere(sliceSeen(found.slice, place), route)) return { ...found, service: written }
      const before = await this.#reusable(cluster, found.slice, route, call)
      const slice = await this.#write('slices', sliceFields(place, route), { cluster, before }, call)
      return { service: written, slice }
    })
  }

  /** Takes away what is ours of the two. */
  remove(cluster: Cluster, call: Call): Promise<void> {
    return this.#change(cluster, async ({ service, slice }) => ({
      slice: await this.#remove('slices', cluster, slice, call),
      service: await this.#remove('services', cluster, service, call),
    }))
  }

  forget(uid: ClusterUid): void {
    this.#known.delete(uid)
    this.#refused.delete(uid)
  }

  async #look(cluster: Cluster, call: Call): Promise<Known> {
    const { services, slices, now } = this.#options
    const known = this.#known.get(cluster.uid)
    if (known !== undefined && now() < known.until) return known
    const guess =
      known !== undefined && 'found' in known && now() - known.readAt < staleMs ? known : undefined
    const ref = refOf(cluster)
    const looked = await Promise.all([services.read(ref, call), slices.read(ref, call)]).then(
      ([service, slice]): Known => this.#fresh({ service, slice }),
      (error: unknown): Known => ({
        ...(guess ?? { problem: reasonIn(error) }),
        until: now() + unreadableMs,
      }),
    )
    this.#known.set(cluster.uid, looked)
    return looked
  }

  /** After a failure nobody knows what is there: it is read anew, and nothing is tried for a while. */
  async #change({ uid }: Cluster, work: (found: Found) => Promise<Found>): Promise<void> {
    const known = this.#known.get(uid)
    this.#known.delete(uid)
    if (known === undefined || 'problem' in known) return
    const { now } = this.#options
    try {
      this.#known.set(uid, this.#fresh(await work(known.found)))
    } catch (error) {
      const isCertain = error instanceof KubeError && wasRefused(error) && error.status !== 429
      const isCollision = isCertain && (error.status === 404 || error.status === 409)
      const problem = `The API server did not take its Service: ${reasonIn(error)}`
      const pauseMs = isCollision ? 0 : isCertain ? refusedMs.certainly : refusedMs.perhaps
      this.#refused.set(uid, { until: now() + pauseMs, problem })
      throw new CloudError(isCertain && !isCollision ? 'invalid' : 'unavailable', problem, { cause: error })
    }
  }

  #write(
    which: 'services' | 'slices',
    fields: Readonly<Record<string, unknown>>,
    { cluster, before }: { readonly cluster: Cluster; readonly before: unknown },
    call: Call,
  ): Promise<unknown> {
    const store = this.#options[which]
    const version = versionOf(before)
    return version === undefined
      ? store.create(refOf(cluster), fields, call)
      : store.patch(refOf(cluster), fields, version, call)
  }

  /** A slice is of one family of addresses for life. */
  async #reusable(cluster: Cluster, slice: unknown, route: Route | undefined, call: Call): Promise<unknown> {
    if (slice === undefined || route === undefined) return slice
    const { addressType } = sliceFields(this.#place(cluster), route)
    return addressType === addressTypeOf(slice) ? slice : this.#remove('slices', cluster, slice, call)
  }

  /** What is left of it: nothing, or somebody else's. */
  async #remove(
    which: 'services' | 'slices',
    cluster: Cluster,
    object: unknown,
    call: Call,
  ): Promise<unknown> {
    const version = versionOf(object)
    if (version === undefined || !isOurs(object, this.#place(cluster))) return object
    await this.#options[which].remove(refOf(cluster), version.uid, call)
    return undefined
  }

  #fresh(found: Found): Known {
    const readAt = this.#options.now()
    return { found, readAt, until: readAt + rereadMs }
  }

  #place(cluster: Cluster): ServicePlace {
    return { cluster, installation: this.#options.installation }
  }
}

export const serviceHands = (services: Services) =>
  ({
    publishService: (cluster, route, call) => services.publish(cluster, route, call),
    removeService: (cluster, call) => services.remove(cluster, call),
  }) satisfies Partial<Hands>

const refOf = ({ namespace, name }: Cluster) => ({ namespace, name: serviceName(name) })
