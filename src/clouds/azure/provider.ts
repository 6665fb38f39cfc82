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
import { machineNames } from '../machine-names.ts'
import { launchMarks, type Marks, type Ours, sealed } from '../marks.ts'
import { OwnMachines } from '../own-machines.ts'
import { Refusal } from '../refusal.ts'
import {
  addressOf,
  belongingsIn,
  belongingsOf,
  type Handle,
  inAWord,
  partMarks,
  readHandle,
} from './belongings.ts'
import { born } from './births.ts'
import { offeringsFor, rehearsalsOn } from './choices.ts'
import { clear, clearLeftovers } from './clearing.ts'
import { saidOn } from './console.ts'
import { end, lookForGhosts } from './ends.ts'
import { makeGroup, removeGroup, requireGroup } from './groups.ts'
import { machineNamed } from './launching.ts'
import { listingOf } from './listing.ts'
import { type Look, lookAround, machinesIn, resourcesIn } from './lists.ts'
import { placesIn } from './machines.ts'
import { diskName, type Part, partName } from './names.ts'
import { build, madeSubnet } from './network.ts'
import { kindOf, readOffering } from './offerings.ts'
import { diskWords } from './remnants.ts'
import { idOf, sameId } from './sdk.ts'
import type { AzureSession } from './session.ts'
import type { AzureSettings } from './settings.ts'
import { requireWayOut, siteOf } from './sites.ts'
import type { AzureSubscription } from './subscription.ts'
import { tagged } from './tags.ts'
import { throwawayKey } from './throwaway-key.ts'

export interface AzureOptions {
  readonly session: AzureSession
  readonly subscription: AzureSubscription
  readonly scope: Scope
  readonly settings: AzureSettings
  readonly installation: InstallationId
  /** The seal of this installation over some words. */
  readonly seal: (words: readonly string[]) => string
  readonly onClose: () => void
}

/** Azure for the clusters that are alike in their settings; `subscription` is what it shares with all others. */
export class AzureCloud implements Cloud {
  readonly name = 'azure'
  readonly scope: Scope
  readonly promises: Cloud['promises']
  readonly #options: AzureOptions
  readonly #ours: Ours
  readonly #own: OwnMachines
  readonly #refusal = new Refusal()

  constructor(options: AzureOptions) {
    const { subscription, installation, settings } = options
    this.#options = options
    this.scope = options.scope
    this.#ours = { installation, isSealed: marks => marks.seal === this.#sealOf(marks) }
    this.#own = new OwnMachines({
      known: subscription.machines,
      installation,
      look: async (machines, call) => placesIn(await machinesIn(options.session, call), machines, this.#ours),
    })
    this.promises = {
      /** Resource Manager shows what it has taken within seconds; an operation that was begun makes what is listed already. */
      horizonMs: 300_000,
      stableAddress: true,
      maxBatch: 100,
      /** Nine lists each. */
      listEveryMs: { busy: 3_000, resting: 10_000 },
      /** Of custom data, before base64. */
      maxUserDataBytes: 65_535,
      metadata: 'azure',
      opensMetadata: settings.identities.length > 0,
      launchMs: 90_000,
      /** Four changes one after the other, each looked at every ten seconds. */
      networkMs: 120_000,
      /** The list of sizes is megabytes. */
      offeringsMs: 45_000,
    }
  }

  async list(call: Call): Promise<Listing> {
    const { session, subscription, seal } = this.#options
    const look = await this.#refusal.heed(this.#lookedAt(call))
    const eyes = { session, subscription }
    const { listing, places } = listingOf(look, { ours: this.#ours, seal, ...eyes })
    await lookForGhosts(eyes, places, call)
    this.#own.meet(places.map(({ id, place }) => [id, place] as const))
    this.#own.keepOnly(new Set(listing.machines.map(({ id }) => id)))
    const isThere = ({ id }: { readonly id: MachineId }): boolean => !subscription.ghosts.has(id)
    return { ...listing, machines: listing.machines.filter(isThere) }
  }

  /** Side by side, but for credentials that were refused: those are tried with a single call. */
  async #lookedAt(call: Call): Promise<Look> {
    const { session, subscription } = this.#options
    if (this.#refusal.isOn) await machinesIn(session, call)
    return lookAround({ session, subscription }, call)
  }

  offerings(wish: MachineWish, call: Call): Promise<readonly string[]> {
    const { session, subscription, settings } = this.#options
    return offeringsFor({ session, subscription }, settings, wish, call)
  }

  rehearsals(wish: RehearsalWish): Rehearsals {
    return rehearsalsOn(this.#options, this.#options.settings, wish)
  }

  async launch(request: LaunchRequest, call: Call): Promise<LaunchAnswer> {
    const { session, subscription, settings, installation, seal } = this.#options
    const offering = readOffering(request.offering)
    const handle = await this.#handleOf(request, call)
    const making = {
      handle,
      subscriptionId: session.subscriptionId,
      tags: tagged(settings.tags, this.#sealed(launchMarks(request, installation))),
      sshPublicKey: settings.sshPublicKey ?? throwawayKey(),
      diskOf: (machine: string) =>
        diskName(request.owner.uid, machine, seal(diskWords(installation, request.owner.uid, machine))),
    }
    const birth = {
      group: handle.group,
      names: machineNames(request.token, request.count),
      bodyOf: (name: MachineId) => machineNamed(name, request, settings, making),
    }
    const noted = (refusal: unknown): void => {
      if (refusal instanceof CloudError && refusal.fault === 'no-capacity')
        subscription.outOfStock.note(kindOf(offering))
    }
    const { machines, refusal } = await born(session, birth, call).catch((error: unknown) => {
      noted(error)
      throw error
    })
    noted(refusal)
    this.#own.meet(machines.map(id => [id, handle.group] as const))
    return { machines }
  }

  terminate(machines: readonly MachineId[], call: Call): Promise<void> {
    const { session, subscription } = this.#options
    return this.#own.end(machines, places => end({ session, subscription }, places, call), call)
  }

  async reserveAddress(wish: NetworkWish, call: Call): Promise<ReservedAddress> {
    const { session, subscription, settings } = this.#options
    requireWayOut(settings, wish.exposure)
    const { uid } = wish.owner
    const group = this.#groupOf(uid)
    const subnet =
      settings.subnet && (await siteOf({ session, subscription }, settings.subnet, settings.location, call))
    const tagsOf = (part: Part): Record<string, string> => this.#partTags(wish, part)
    if (settings.resourceGroup === undefined)
      await makeGroup(session, this.#ours, { uid, location: settings.location, tags: tagsOf('group') }, call)
    else await subscription.groups.of(group, () => requireGroup(session, group, call))
    const found = await belongingsOf(session, { uid, group }, this.#ours, call)
    await build({ session, settings, wish, group, subnetId: subnet?.subnetId, tagsOf }, found, call)
    const made = await belongingsOf(session, { uid, group }, this.#ours, call)
    const address = made && addressOf(made, session)
    if (address === undefined || address.network !== this.networkFor(wish))
      throw new CloudError(
        'unavailable',
        'Azure does not show yet what it has just made of the scheduler’s address',
      )
    return address
  }

  networkFor({ exposure }: Pick<NetworkWish, 'exposure'>): string {
    const { session, settings } = this.#options
    const { networkSecurityGroup: given, sshCIDRs } = settings
    if (given === undefined) return inAWord(exposure, 'own', sshCIDRs)
    const { subscriptionId } = session
    const where = { subscriptionId, group: given.resourceGroup }
    return inAWord(exposure, sameId(idOf(where, 'networkSecurityGroups', given.name)), [])
  }

  /** Wherever it is in the subscription: whoever sweeps it knows no group. What was made a moment ago no list may show. */
  async releaseAddress(owner: ClusterUid, call: Call): Promise<void> {
    const { session, subscription } = this.#options
    const [named, resources] = await Promise.all([
      belongingsOf(session, { uid: owner, group: this.#groupOf(owner) }, this.#ours, call),
      resourcesIn(session, call),
    ])
    const listed = belongingsIn(resources, this.#ours).get(owner)
    const own = named ?? listed
    // What is left of machines holds on to rules and members.
    await clearLeftovers(session, subscription.leftovers.ofOwner(owner), call)
    if (own?.group !== undefined)
      await removeGroup(session, { group: own.group, uid: owner }, this.#ours, call)
    else for (const each of [named, listed]) if (each !== undefined) await clear(session, each, call)
  }

  async console(machine: MachineId, call: Call): Promise<string> {
    const place = await this.#own.placeOf(machine, call)
    return place === undefined ? '' : saidOn(this.#options.session, place, call)
  }

  async prove(call: Call): Promise<void> {
    await this.#refusal.heed(this.#options.session.prove(call))
  }

  async close(): Promise<void> {
    this.#options.onClose()
  }

  /** In lower case, as everything that is compared. */
  #groupOf(uid: ClusterUid): string {
    return sameId(this.#options.settings.resourceGroup ?? partName(uid, 'group'))
  }

  #partTags({ owner }: NetworkWish, part: Part): Record<string, string> {
    const { settings, installation } = this.#options
    return tagged(settings.tags, this.#sealed(partMarks(owner, installation, part, this.#groupOf(owner.uid))))
  }

  async #handleOf({ owner, address }: LaunchRequest, call: Call): Promise<Handle> {
    const kept = readHandle(address?.handle)
    if (kept !== undefined) return kept
    const { session, subscription, settings } = this.#options
    const group = this.#groupOf(owner.uid)
    if (settings.subnet === undefined) return { group, subnetId: madeSubnet(session, owner.uid, group) }
    return { group, ...(await siteOf({ session, subscription }, settings.subnet, settings.location, call)) }
  }

  #sealed(marks: Marks): Marks {
    return { ...marks, seal: this.#sealOf(marks) }
  }

  #sealOf(marks: Marks): string {
    return this.#options.seal(sealed(marks))
  }
}
