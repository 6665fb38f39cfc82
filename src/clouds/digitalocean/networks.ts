import type { Call } from '../../lib/call.ts'
import { CloudError } from '../../model/faults.ts'
import type { ReservedNetwork } from '../../model/machine.ts'
import type { ClusterUid } from '../../model/names.ts'
import type { NetworkWish, Owner } from '../contract.ts'
import type { Marks, Ours } from '../marks.ts'
import { build, networkOf, type OwnFirewall, ownFirewalls, takeAway, wordFor } from './firewalls.ts'
import { ownTags, removeTags, tagsOf } from './own-tags.ts'
import { formOf } from './rules.ts'
import type { DigitalOceanSession } from './session.ts'
import type { DigitalOceanSettings } from './settings.ts'
import type { DigitalOceanTeam } from './team.ts'

export interface NetworksOptions {
  readonly session: DigitalOceanSession
  readonly team: DigitalOceanTeam
  readonly settings: DigitalOceanSettings
  readonly ours: Ours
  /** With its seal: of what is a cluster's and no machine's. */
  readonly marksOf: (owner: Owner) => Marks
}

/** Firewalls of clusters, and their tags. */
export class Networks {
  readonly #options: NetworksOptions

  constructor(options: NetworksOptions) {
    this.#options = options
  }

  /**
   * All of this installation's. A token that may not read them is good for clusters that have none of the operator's: where
   * others of the team have some, somebody else has to list.
   */
  async list(call: Call): Promise<readonly OwnFirewall[]> {
    const { team } = this.#options
    try {
      return await ownFirewalls(this.#options, call)
    } catch (error) {
      const isForbidden = error instanceof CloudError && error.fault === 'unauthorized'
      if (isForbidden && team.makers === 0) return []
      throw error
    }
  }

  async reserve(wish: NetworkWish, call: Call): Promise<ReservedNetwork> {
    const { session, team, settings, marksOf } = this.#options
    const { admitted, viewers = [], owner } = wish
    const { sshCIDRs } = settings
    const letThrough = { admitted, viewers, sshCIDRs }
    team.broom.note(owner)
    team.firewallsChanged()
    const [found, ...surplus] = await this.#of(owner.uid, call)
    try {
      const made = await build(session, { marks: marksOf(owner), ...letThrough }, found, call)
      if (made !== undefined) team.forms.set(owner.uid, { told: formOf(made), ...letThrough })
      await takeAway(session, surplus, call)
    } finally {
      team.firewallsChanged()
    }
    const [own] = await this.#of(owner.uid, call)
    const network = own && networkOf(own, team.forms)
    if (network === undefined || network.network !== wordFor(sshCIDRs))
      throw new CloudError('unavailable', 'DigitalOcean does not list yet the firewall that it has just made')
    return network
  }

  /**
   * Takes away what is left of a cluster. While anything still has one of its tags nothing is: a droplet that somebody has
   * given another name is none of ours any more, costs all the same, and would lose its firewall.
   */
  async release(owner: ClusterUid, call: Call): Promise<void> {
    const { session, team, ours } = this.#options
    const tags = tagsOf(await ownTags(session, ours, call), owner)
    const used = tags.find(({ isUsed }) => isUsed)
    if (used !== undefined)
      throw new CloudError(
        'not-yet',
        `droplets still have the tag ${used.name}: where they do not go by themselves, somebody has given them another name or taken a tag away; delete them (doctl compute droplet list --tag-name), or take the tag off`,
      )
    team.firewallsChanged()
    try {
      await takeAway(session, await this.#of(owner, call), call)
    } finally {
      team.firewallsChanged()
    }
    await removeTags(
      session,
      tags.map(({ name }) => name),
      call,
    )
    team.broom.forget({ uid: owner })
    team.forms.delete(owner)
  }

  async #of(owner: ClusterUid, call: Call): Promise<readonly OwnFirewall[]> {
    return (await this.list(call)).filter(({ uid }) => uid === owner)
  }
}
