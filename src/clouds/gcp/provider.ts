import type { Call } from '../../lib/call.ts'
import { CloudError } from '../../model/faults.ts'
import type { ReservedAddress } from '../../model/machine.ts'
import type { ClusterUid, InstallationId, MachineId, Scope } from '../../model/names.ts'
import type {
  Cloud,
  LaunchAnswer,
  LaunchRequest,
  Listing,
  MachineWish,
  NetworkWish,
  Rehearsals,
  RehearsalWish,
} from '../contract.ts'
import { launchMarks, type Marks, type Ours, sealed } from '../marks.ts'
import { OwnMachines, type Place } from '../own-machines.ts'
import { Refusal } from '../refusal.ts'
import {
  addressOf,
  type Belongings,
  belongingsIn,
  belongingsOf,
  partMarks,
  readHandle,
  wantedNetwork,
} from './belongings.ts'
import { born } from './births.ts'
import { offeringsFor, rehearsalsOn } from './choices.ts'
import { end } from './ends.ts'
import { propertiesOf } from './launching.ts'
import { addressesOf, at, instancesIn, machineOf, placesOf, zoneOf } from './machines.ts'
import { described, labelNames } from './marks.ts'
import type { Part } from './names.ts'
import { build, clear } from './network.ts'
import { kindOf, readOffering } from './offerings.ts'
import type { GcpProject } from './project.ts'
import type { Instance } from './sdk.ts'
import type { GcpSession } from './session.ts'
import type { GcpSettings } from './settings.ts'
import { type Site, siteOf } from './sites.ts'

export interface GcpOptions {
  readonly session: GcpSession
  readonly project: GcpProject
  readonly scope: Scope
  readonly settings: GcpSettings
  readonly installation: InstallationId
  /** The seal of this installation over some words. */
  readonly seal: (words: readonly string[]) => string
  readonly onClose: () => void
}

/** Compute Engine for the clusters that are alike in their settings; `project` is what it shares with all others. */
export class GcpCloud implements Cloud {
  readonly name = 'gcp'
  readonly scope: Scope
  readonly promises: Cloud['promises']
  readonly #options: GcpOptions
  readonly #ours: Ours
  readonly #own: OwnMachines
  readonly #refusal = new Refusal()

  constructor(options: GcpOptions) {
    this.#options = options
    this.scope = options.scope
    this.#ours = { installation: options.installation, isSealed: marks => marks.seal === this.#sealOf(marks) }
    this.#own = new OwnMachines({
      known: options.project.machines,
      installation: options.installation,
      look: (machines, call) => placesOf(options.session, this.#ours, machines, call),
    })
    this.promises = {
      /** An operation that was begun ends within minutes; lists show its machines from its first moments. */
      horizonMs: 300_000,
      stableAddress: true,
      maxBatch: 1_000,
      listEveryMs: { busy: 2_000, resting: 10_000 },
      /** Of one metadata value, as it is: no compressed text fits into one. */
      maxUserDataBytes: 262_144,
      metadata: 'gce',
      opensMetadata: options.settings.serviceAccount !== undefined,
      endsMachines: true,
      launchMs: 90_000,
    }
  }

  async list(call: Call): Promise<Listing> {
    const [instances, belongings] = await this.#refusal.heed(this.#lookedAt(call))
    const ours = instances.flatMap(each => {
      const machine = machineOf(each, this.#ours)
      return machine === undefined ? [] : [{ machine, instance: each }]
    })
    this.#own.meet(ours.map(({ machine, instance }) => [machine.id, zoneOf(instance)] as const))
    this.#own.keepOnly(new Set(ours.map(({ machine }) => machine.id)))
    const schedulers = new Map(
      ours.flatMap(({ machine, instance }) =>
        machine.role === 'scheduler' && machine.state.kind === 'running' ? [[machine.owner, instance]] : [],
      ),
    )
    const addresses = [...belongings.values()].flatMap(own => addressIn(own, schedulers.get(own.owner.uid)))
    const kept = new Set(addresses.map(({ owner }) => owner))
    return {
      machines: ours.map(({ machine }) => at(machine, addresses)),
      addresses,
      remains: [...belongings.values()].map(({ owner }) => owner).filter(({ uid }) => !kept.has(uid)),
      strangers: instances.length - ours.length,
    }
  }

  /** Side by side, but for credentials that were refused: those are tried with a single call. */
  async #lookedAt(call: Call) {
    const { session, installation } = this.#options
    const instances = instancesIn(session, `labels.${labelNames.installation} = "${installation}"`, call)
    if (this.#refusal.isOn) await instances
    return Promise.all([instances, belongingsIn(session, this.#ours, call)])
  }

  offerings(wish: MachineWish, call: Call): Promise<readonly string[]> {
    const { session, project, settings } = this.#options
    return offeringsFor({ session, project }, settings, wish, call)
  }

  rehearsals(wish: RehearsalWish): Rehearsals {
    const { session, project, settings } = this.#options
    return rehearsalsOn({ session, project }, settings, wish)
  }

  async launch(request: LaunchRequest, call: Call): Promise<LaunchAnswer> {
    const { session, project, settings, installation } = this.#options
    const offering = readOffering(request.offering)
    const marks = this.#sealed(launchMarks(request, installation))
    const { subnetwork } = readHandle(request.address?.handle) ?? (await this.#site(call))
    const properties = propertiesOf(request, settings, { subnetwork, marks, now: Date.now() })
    const made = await project.tries
      .of(request.token, before => born(session, { request, properties, before }, call))
      .catch((error: unknown) => {
        if (error instanceof CloudError && error.fault === 'no-capacity')
          project.outOfStock.note(kindOf(offering))
        throw error
      })
    this.#own.meet(made)
    if (made.size < request.count) project.outOfStock.note(kindOf(offering))
    return { machines: [...made.keys()] }
  }

  terminate(machines: readonly MachineId[], call: Call): Promise<void> {
    return this.#own.end(machines, places => end(this.#options.session, places, call), call)
  }

  async reserveAddress(wish: NetworkWish, call: Call): Promise<ReservedAddress> {
    const { session, settings, installation } = this.#options
    const site = await this.#site(call)
    if (settings.firewall === 'Managed' && !site.network.startsWith(`projects/${session.project}/`))
      throw new CloudError(
        'invalid',
        `${site.network} is another project's: its rules are made there. Set spec.cloud.gcp.firewall to None, and have what docs/gcp.md lists let through`,
      )
    const { uid } = wish.owner
    const describe = (part: Part, where: string): string =>
      described(this.#sealed(partMarks(wish.owner, installation, part, where)))
    const [found, scheduler] = await Promise.all([this.#belongings(uid, call), this.#scheduler(uid, call)])
    await build({ session, settings, site, wish, describe }, found, scheduler, call)
    const [made, now] = await Promise.all([
      this.#belongings(uid, call),
      scheduler && this.#scheduler(uid, call),
    ])
    const [address] = made === undefined ? [] : addressIn(made, now)
    if (address === undefined || address.network !== this.networkFor(wish))
      throw new CloudError(
        'unavailable',
        'Google does not list yet what it has just made of the scheduler’s address',
      )
    return address
  }

  networkFor({ exposure }: Pick<NetworkWish, 'exposure'>): string {
    return wantedNetwork(this.#options.settings, exposure)
  }

  /** Wherever it is in the project: whoever sweeps it knows no region. What was made a moment ago no list may show. */
  async releaseAddress(owner: ClusterUid, call: Call): Promise<void> {
    const { session } = this.#options
    const [named, listed] = await Promise.all([
      this.#belongings(owner, call),
      belongingsIn(session, this.#ours, call),
    ])
    for (const own of [named, listed.get(owner)]) if (own !== undefined) await clear(session, own, call)
  }

  async console(machine: MachineId, call: Call): Promise<string> {
    const place = await this.#own.placeOf(machine, call)
    return place === undefined ? '' : saidOn(this.#options.session, place, call)
  }

  prove(call: Call): Promise<void> {
    return this.#refusal.heed(this.#options.session.prove(call))
  }

  async close(): Promise<void> {
    this.#options.onClose()
  }

  #site(call: Call): Promise<Site> {
    const { session, project, settings } = this.#options
    return siteOf({ session, project }, settings, call)
  }

  #belongings(owner: ClusterUid, call: Call): Promise<Belongings | undefined> {
    const { session, settings } = this.#options
    return belongingsOf(session, { uid: owner, region: settings.region }, this.#ours, call)
  }

  /** The one that runs, where there is one. */
  async #scheduler(owner: ClusterUid, call: Call): Promise<Instance | undefined> {
    const filter = `(labels.${labelNames.uid} = "${owner}") AND (labels.${labelNames.role} = "scheduler")`
    const found = await instancesIn(this.#options.session, filter, call)
    return found.find(each => machineOf(each, this.#ours)?.state.kind === 'running')
  }

  #sealed(marks: Marks): Marks {
    return { ...marks, seal: this.#sealOf(marks) }
  }

  #sealOf(marks: Marks): string {
    return this.#options.seal(sealed(marks))
  }
}

/** The first serial port, from which it cannot be written to. */
async function saidOn(session: GcpSession, { id, place: zone }: Place, call: Call): Promise<string> {
  const asked = { project: session.project, zone, instance: id, port: 1 }
  const [output] = await session.make('instances.getSerialPortOutput', call, options =>
    session.clients.instances.getSerialPortOutput(asked, options),
  )
  return output.contents ?? ''
}

const addressIn = (own: Belongings, scheduler: Instance | undefined): readonly ReservedAddress[] => {
  const found = addressOf(own, scheduler && { external: addressesOf(scheduler).external })
  return found === undefined ? [] : [found]
}
