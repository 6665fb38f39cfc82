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
  Rehearsals,
  RehearsalWish,
} from '../contract.ts'
import { launchMarks, type Marks, type Ours, ownedBy, sealed } from '../marks.ts'
import { Refusal } from '../refusal.ts'
import type { SeenTag } from './broom.ts'
import { offeringsFor, rehearsalsOn } from './choices.ts'
import { idOf, machineOf, numberOf } from './droplets.ts'
import { end } from './ends.ts'
import { clusterRole, networkOf, wordFor } from './firewalls.ts'
import { born, dropletsWith } from './launching.ts'
import { Networks } from './networks.ts'
import { kindOf, readOffering } from './offerings.ts'
import { ownTags, removeTags } from './own-tags.ts'
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
const paceOf = (requests: number): Cloud['promises']['listEveryMs'] => ({
  busy: 3_500 * requests,
  resting: Math.max(15_000, 3_500 * requests),
})

/** DigitalOcean for the clusters that are alike in their settings; `team` is what it shares with all others. */
export class DigitalOceanCloud implements Cloud {
  readonly name = 'digitalOcean'
  readonly scope: Scope
  readonly promises: Cloud['promises']
  readonly #options: DigitalOceanOptions
  readonly #ours: Ours
  readonly #networks: Networks
  readonly #refusal = new Refusal()

  constructor(options: DigitalOceanOptions) {
    this.#options = options
    this.scope = options.scope
    this.#ours = {
      installation: options.installation,
      isSealed: marks => marks.seal === this.#sealOf(marks),
    }
    const { session, team, settings } = options
    const marksOf = (owner: Owner): Marks => this.#marksOf(owner)
    this.#networks = new Networks({ session, team, settings, ours: this.#ours, marksOf })
    if (settings.firewall === 'Managed') team.makers += 1
    this.promises = {
      /** A request that was taken shows within a minute; nothing else says that it was not. */
      horizonMs: 300_000,
      stableAddress: false,
      ...(settings.firewall === 'Managed' && { keepsNetwork: true }),
      maxBatch: 10,
      get listEveryMs() {
        return paceOf(team.pages)
      },
      maxUserDataBytes: 65_536,
      metadata: 'digitalocean',
      launchMs: 60_000,
    }
  }

  async list(call: Call): Promise<Listing> {
    const { team, installation } = this.#options
    const [droplets, firewalls] = await this.#refusal.heed(this.#lookedAt(call))
    // More than one page is read twice.
    const pages = Math.max(1, Math.ceil(droplets.length / pageSize))
    team.pages = pages === 1 ? 1 : 2 * pages
    const tags = droplets.length === 0 ? await this.#requireNone(call) : undefined
    const machines = droplets.flatMap(each => machineOf(each, this.#ours, team) ?? [])
    const ids = new Set(machines.map(({ id }) => id))
    team.machines.meet(installation, ids)
    team.machines.keepOnly(installation, ids)
    team.off.keepOnly(ids)
    await this.#sweep(tags, call)
    const networks = firewalls.map(each => networkOf(each, team.forms))
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
    return Promise.all([droplets, this.#networks.list(call)])
  }

  /** All droplets are listed by one tag: where somebody takes that away, there seem to be none. Returns all tags of ours. */
  async #requireNone(call: Call): Promise<readonly SeenTag[]> {
    const { session, team, installation } = this.#options
    const tags = await ownTags(session, this.#ours, call)
    const used = tags.find(({ isUsed }) => isUsed)
    if (team.isHiding(used !== undefined))
      throw new CloudError(
        'unavailable',
        `droplets have the tag ${used?.name} and none has ${installationTag(installation)}, by which they are listed: give it back (doctl compute droplet tag ID --tag-name), or delete them`,
      )
    return tags
  }

  /** Each launch leaves a tag behind. Another time will do, too: nothing costs meanwhile. */
  async #sweep(seen: readonly SeenTag[] | undefined, call: Call): Promise<void> {
    const { session, team } = this.#options
    if (!team.broom.isDue()) return
    try {
      const tags = seen ?? (await ownTags(session, this.#ours, call))
      await removeTags(session, team.broom.meet(tags), call)
    } catch (error) {
      if (!(error instanceof CloudError)) throw error
    }
  }

  offerings(wish: MachineWish, call: Call): Promise<readonly string[]> {
    const { session, team, settings } = this.#options
    return offeringsFor({ session, team }, settings, wish, call)
  }

  rehearsals(wish: RehearsalWish): Rehearsals {
    const { session, team, settings } = this.#options
    return rehearsalsOn({ session, team }, settings, wish)
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
    team.broom.note(request.owner)
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
    const unknown = real.filter(id => !isKnown(id))
    await end({ session, ending: team.ending }, real.filter(isKnown), call)
    if (unknown.length === 0) return
    const found = await dropletsWith(session, installationTag(installation), call)
    const ours = found.filter(each => machineOf(each, this.#ours, team) !== undefined)
    team.machines.meet(installation, ours.map(idOf))
    await end({ session, ending: team.ending }, unknown.filter(isKnown), call)
  }

  reserveAddress(wish: NetworkWish, call: Call): Promise<ReservedNetwork> {
    return this.#networks.reserve(wish, call)
  }

  networkFor(): string {
    return wordFor(this.#options.settings.sshCIDRs)
  }

  releaseAddress(owner: ClusterUid, call: Call): Promise<void> {
    return this.#networks.release(owner, call)
  }

  async prove(call: Call): Promise<void> {
    await this.#refusal.heed(this.#options.session.team(call))
  }

  async close(): Promise<void> {
    const { team, settings, onClose } = this.#options
    if (settings.firewall === 'Managed') team.makers -= 1
    onClose()
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
