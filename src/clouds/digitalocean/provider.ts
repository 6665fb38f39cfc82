import type { Call } from '../../lib/call.ts'
import { CloudError } from '../../model/faults.ts'
import type { ReservedNetwork } from '../../model/machine.ts'
import type { ClusterUid, InstallationId, MachineId, Scope } from '../../model/names.ts'
import type {
  Cloud,
  LaunchAnswer,
  LaunchRequest,
  Listing,
  MachineWish,
  NetworkWish,
  Owner,
} from '../contract.ts'
import { launchMarks, type Marks, type Ours, ownedBy, sealed } from '../marks.ts'
import { Refusal } from '../refusal.ts'
import { offeringsFor } from './choices.ts'
import { idOf, machineOf, numberOf } from './droplets.ts'
import { end } from './ends.ts'
import {
  build,
  clusterRole,
  networkOf,
  type OwnFirewall,
  ownFirewalls,
  takeAway,
  wordFor,
} from './firewalls.ts'
import { born, dropletsWith } from './launching.ts'
import { kindOf, readOffering } from './offerings.ts'
import { namesOf, ownTags, removeTags } from './own-tags.ts'
import { pageSize } from './sdk.ts'
import type { DigitalOceanSession } from './session.ts'
import type { DigitalOceanSettings } from './settings.ts'
import { clusterTag, installationTag, launchTag, shortened } from './tags.ts'
import type { DigitalOceanTeam } from './team.ts'

export interface DigitalOceanOptions {
  readonly session: DigitalOceanSession
  readonly team: DigitalOceanTeam
  readonly scope: Scope
  readonly settings: DigitalOceanSettings
  readonly installation: InstallationId
  /** The seal of this installation over some words. */
  readonly seal: (words: readonly string[]) => string
  readonly onClose: () => void
}

/** A quarter of 5,000 requests an hour, of which one in a minute is for firewalls. */
const paceOf = (pages: number): Cloud['promises']['listEveryMs'] => ({
  busy: 3_500 * pages,
  resting: Math.max(15_000, 3_500 * pages),
})

/** DigitalOcean for the clusters that are alike in their settings; `team` is what it shares with all others. */
export class DigitalOceanCloud implements Cloud {
  readonly name = 'digitalOcean'
  readonly scope: Scope
  readonly promises: Cloud['promises']
  readonly #options: DigitalOceanOptions
  readonly #ours: Ours
  readonly #refusal = new Refusal()

  constructor(options: DigitalOceanOptions) {
    this.#options = options
    this.scope = options.scope
    this.#ours = {
      installation: options.installation,
      isSealed: marks => marks.seal === this.#sealOf(marks),
    }
    this.promises = {
      /** A request that was taken shows within a minute; nothing else says that it was not. */
      horizonMs: 300_000,
      stableAddress: false,
      ...(options.settings.firewall === 'Managed' && { keepsNetwork: true }),
      maxBatch: 10,
      get listEveryMs() {
        return paceOf(options.team.pages)
      },
      maxUserDataBytes: 65_536,
      metadata: 'digitalocean',
      launchMs: 60_000,
    }
  }

  async list(call: Call): Promise<Listing> {
    const { team, installation } = this.#options
    const [droplets, firewalls] = await this.#refusal.heed(this.#lookedAt(call))
    team.pages = Math.max(1, Math.ceil(droplets.length / pageSize))
    const machines = droplets.flatMap(each => machineOf(each, this.#ours, team.ending) ?? [])
    const ids = new Set(machines.map(({ id }) => id))
    team.machines.meet(installation, ids)
    team.machines.keepOnly(installation, ids)
    await this.#sweep(call)
    const networks = firewalls.map(networkOf)
    const kept = new Set(networks.map(({ owner }) => owner))
    return {
      machines,
      addresses: [],
      networks,
      remains: team.broom.owners.filter(({ uid }) => !kept.has(uid)),
      strangers: droplets.length - machines.length,
    }
  }

  /** Side by side, but for a token that was refused: it is tried with a single call. */
  async #lookedAt(call: Call) {
    const { session, installation } = this.#options
    const droplets = dropletsWith(session, installationTag(installation), call)
    if (this.#refusal.isOn) await droplets
    return Promise.all([droplets, this.#firewalls(call)])
  }

  /** Each launch leaves a tag behind. Another time will do, too: nothing costs meanwhile. */
  async #sweep(call: Call): Promise<void> {
    const { session, team } = this.#options
    if (!team.broom.isDue()) return
    try {
      await removeTags(session, team.broom.meet(await ownTags(session, this.#ours, call)), call)
    } catch (error) {
      if (!(error instanceof CloudError)) throw error
    }
  }

  offerings(wish: MachineWish, call: Call): Promise<readonly string[]> {
    const { session, team, settings } = this.#options
    return offeringsFor({ session, team }, settings, wish, call)
  }

  async launch(request: LaunchRequest, call: Call): Promise<LaunchAnswer> {
    const { session, team, settings, installation } = this.#options
    const own = launchTag(request.token, this.#sealed(launchMarks(request, installation)))
    const all = [
      installationTag(installation),
      clusterTag(this.#marksOf(request.owner)),
      own,
      ...settings.tags,
    ]
    const tags = { all, launch: own }
    const machines = await born({ session, tries: team.tries, settings, tags }, request, call).catch(
      (error: unknown) => {
        if (error instanceof CloudError && error.fault === 'no-capacity')
          team.outOfStock.note(kindOf(readOffering(request.offering)))
        throw error
      },
    )
    team.machines.meet(installation, machines)
    return { machines }
  }

  /** Droplets that this process has not seen yet are looked at before they are ended: they might be a stranger's. */
  async terminate(machines: readonly MachineId[], call: Call): Promise<void> {
    const { session, team, installation } = this.#options
    const isKnown = (id: MachineId): boolean => team.machines.ageMs(installation, id) !== undefined
    const real = machines.filter(id => numberOf(id) !== undefined)
    if (!real.every(isKnown)) {
      const found = await dropletsWith(session, installationTag(installation), call)
      const ours = found.filter(each => machineOf(each, this.#ours, team.ending) !== undefined)
      team.machines.meet(installation, ours.map(idOf))
    }
    await end({ session, ending: team.ending }, real.filter(isKnown), call)
  }

  async reserveAddress(wish: NetworkWish, call: Call): Promise<ReservedNetwork> {
    const { session, team, settings } = this.#options
    const { admitted, owner } = wish
    const marks = this.#marksOf(owner)
    team.firewallsChanged()
    const [found, ...surplus] = await this.#firewallsOf(owner.uid, call)
    try {
      await build(session, { marks, admitted, sshCIDRs: settings.sshCIDRs }, found, call)
      await takeAway(session, surplus, call)
    } finally {
      team.firewallsChanged()
    }
    const [made] = await this.#firewallsOf(owner.uid, call)
    const network = made && networkOf(made)
    if (network === undefined || network.network !== this.networkFor())
      throw new CloudError('unavailable', 'DigitalOcean does not list yet the firewall that it has just made')
    return network
  }

  networkFor(): string {
    return wordFor(this.#options.settings.sshCIDRs)
  }

  async releaseAddress(owner: ClusterUid, call: Call): Promise<void> {
    const { session, team } = this.#options
    team.firewallsChanged()
    try {
      await takeAway(session, await this.#firewallsOf(owner, call), call)
    } finally {
      team.firewallsChanged()
    }
    await removeTags(session, namesOf(await ownTags(session, this.#ours, call), owner), call)
    team.broom.forget({ uid: owner })
  }

  async prove(call: Call): Promise<void> {
    await this.#refusal.heed(this.#options.session.team(call))
  }

  async close(): Promise<void> {
    this.#options.onClose()
  }

  /** Where clusters have none of the operator's, its token need not be one that may read them. */
  async #firewalls(call: Call): Promise<readonly OwnFirewall[]> {
    const { session, team, settings } = this.#options
    try {
      return await ownFirewalls({ session, team, ours: this.#ours }, call)
    } catch (error) {
      const isForbidden = error instanceof CloudError && error.fault === 'unauthorized'
      if (isForbidden && settings.firewall === 'None') return []
      throw error
    }
  }

  async #firewallsOf(owner: ClusterUid, call: Call): Promise<readonly OwnFirewall[]> {
    return (await this.#firewalls(call)).filter(({ uid }) => uid === owner)
  }

  /** Of what is a cluster's and no machine's. */
  #marksOf(owner: Owner): Marks {
    return this.#sealed({ ...ownedBy(owner, this.#options.installation), role: clusterRole })
  }

  #sealed(marks: Marks): Marks {
    return { ...marks, seal: this.#sealOf(marks) }
  }

  #sealOf(marks: Marks): string {
    return shortened(this.#options.seal(sealed(marks)))
  }
}
