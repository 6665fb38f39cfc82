import { type Filter, RunInstancesCommand } from '@aws-sdk/client-ec2'
import type { Call } from '../../lib/call.ts'
import { CloudError } from '../../model/faults.ts'
import { isThere, type ReservedAddress } from '../../model/machine.ts'
import {
  type ClusterUid,
  type InstallationId,
  type MachineId,
  machineId,
  type Scope,
} from '../../model/names.ts'
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
import { launchMarks, type Marks, type Ours, ownedBy, sealed } from '../marks.ts'
import { Refusal } from '../refusal.ts'
import type { AwsAccount } from './account.ts'
import { addressOf, type Belongings, belongingsIn, wantedNetwork, without } from './belongings.ts'
import { offeringsFor } from './choices.ts'
import { clear } from './clearing.ts'
import { saidOn } from './console.ts'
import { ofOwnGroup } from './faults.ts'
import { runRequest } from './launching.ts'
import { at, instancesIn, machineOf, outOfStockIn } from './machines.ts'
import { build } from './network.ts'
import { kindOf, type Offering, readOffering } from './offerings.ts'
import { rehearsalsOn } from './rehearsing.ts'
import type { AwsSession } from './session.ts'
import type { AwsSettings } from './settings.ts'
import { moveFor, subnetsOf } from './subnets.ts'
import { installationFilter, uidFilter } from './tags.ts'
import { terminate } from './terminating.ts'

export interface AwsOptions {
  readonly session: AwsSession
  readonly account: AwsAccount
  readonly scope: Scope
  readonly settings: AwsSettings
  readonly installation: InstallationId
  /** The seal of this installation over some words. */
  readonly seal: (words: readonly string[]) => string
  readonly now: () => number
  readonly onClose: () => void
}

/** EC2 for the clusters that are alike in their settings; `account` is what it shares with all others. */
export class AwsCloud implements Cloud {
  readonly name = 'aws'
  readonly scope: Scope
  readonly promises: Cloud['promises'] = {
    /** A request that AWS has taken is carried out within seconds; lists show it within a minute at the latest. */
    horizonMs: 180_000,
    stableAddress: true,
    maxBatch: 1_000,
    listEveryMs: { busy: 2_000, resting: 10_000 },
    /** Of the compressed text: EC2 counts before base64. */
    maxUserDataBytes: 16_384,
    compressesUserData: true,
    metadata: 'ec2',
    launchMs: 30_000,
  }
  readonly #options: AwsOptions
  readonly #ours: Ours
  readonly #refusal = new Refusal()

  constructor(options: AwsOptions) {
    this.#options = options
    const { instanceProfile, zones, subnets } = options.settings
    this.promises = {
      ...this.promises,
      opensMetadata: instanceProfile !== undefined,
      ...(zones.length === 1 || subnets.length === 1 ? {} : { movesAddress: true }),
    }
    this.scope = options.scope
    this.#ours = { installation: options.installation, isSealed: tags => tags.seal === this.#sealOf(tags) }
  }

  async list(call: Call): Promise<Listing> {
    const { account, installation } = this.#options
    const filters = [installationFilter(installation)]
    const [instances, belongings] = await this.#refusal.heed(this.#lookedAt(filters, call))
    const machines = instances.flatMap(each => machineOf(each, this.#ours) ?? [])
    for (const kind of outOfStockIn(instances, this.#options.now())) account.outOfStock.note(kind)
    const ids = new Set(machines.map(({ id }) => id))
    account.machines.meet(installation, ids)
    account.machines.keepOnly(installation, ids)
    const addresses = [...belongings.values()].flatMap(own => addressOf(own) ?? [])
    const whole = new Set(addresses.map(({ owner }) => owner))
    return {
      machines: machines.map(machine => at(machine, addresses)),
      addresses,
      remains: [...belongings.values()].map(({ owner }) => owner).filter(({ uid }) => !whole.has(uid)),
      strangers: instances.length - machines.length,
    }
  }

  /** Side by side, but for credentials that were refused: those are tried with a single call. */
  async #lookedAt(filters: readonly Filter[], call: Call) {
    const { session } = this.#options
    const instances = instancesIn(session, { filters }, call)
    if (this.#refusal.isOn) await instances
    return Promise.all([instances, this.#belongingsIn(filters, call)])
  }

  offerings(wish: MachineWish, call: Call): Promise<readonly string[]> {
    const { session, account, settings } = this.#options
    return offeringsFor({ session, account }, settings, wish, call)
  }

  async launch(request: LaunchRequest, call: Call): Promise<LaunchAnswer> {
    const { session, account, settings, installation } = this.#options
    const offering = readOffering(request.offering)
    const tags = this.#sealed(launchMarks(request, installation))
    const asked = runRequest(request, settings, tags)
    const send = () =>
      session.make(
        'RunInstances',
        call,
        options => session.ec2.send(new RunInstancesCommand(asked), options),
        request.count,
      )
    const { Instances = [] } = await send().catch((error: unknown) => this.#noted(error, offering))
    const machines = Instances.flatMap(({ InstanceId: id }) => (id === undefined ? [] : [machineId(id)]))
    if (machines.length === 0)
      throw new CloudError('lost', 'RunInstances: AWS gave an answer without a machine')
    account.machines.meet(installation, machines)
    if (machines.length < request.count) account.outOfStock.note(kindOf(offering))
    return { machines }
  }

  async terminate(machines: readonly MachineId[], call: Call): Promise<void> {
    const { session, account, installation } = this.#options
    const ageMs = (id: MachineId): number | undefined => account.machines.ageMs(installation, id)
    const unmet = machines.filter(id => ageMs(id) === undefined)
    if (unmet.length > 0) await this.#meet(unmet, call)
    await terminate(
      session,
      machines.filter(id => ageMs(id) !== undefined),
      ageMs,
      call,
    )
  }

  async reserveAddress(wish: NetworkWish, call: Call): Promise<ReservedAddress> {
    const { session, account, settings, installation, now } = this.#options
    const subnets = await subnetsOf({ session, account }, settings, call)
    const [first] = subnets
    if (first === undefined) throw new CloudError('invalid', 'There is no subnet to put machines in')
    const move = moveFor(wish, subnets, account.moves.get(wish.owner.uid))
    const site = { session, settings, wish, subnet: move?.to ?? first, from: move?.from, now }
    const tagged = (tags: Marks): Marks => this.#sealed({ ...ownedBy(wish.owner, installation), ...tags })
    const found = await this.#belongings(wish.owner.uid, call)
    await build({ ...site, tagged }, found, call).catch((error: unknown) => this.#withGroups(error))
    if (move !== undefined) account.moves.set(wish.owner.uid, move)
    const made = await this.#belongings(wish.owner.uid, call)
    const address = made && addressOf(made)
    if (address === undefined || address.network !== this.networkFor(wish))
      throw new CloudError(
        'unavailable',
        'AWS does not list yet what it has just made of the scheduler’s address',
      )
    return address
  }

  networkFor({ exposure }: Pick<NetworkWish, 'exposure'>): string {
    return wantedNetwork(this.#options.settings, exposure)
  }

  async releaseAddress(owner: ClusterUid, call: Call): Promise<void> {
    const own = await this.#belongings(owner, call)
    if (own !== undefined) await clear(this.#options.session, own, call)
    this.#options.account.moves.delete(owner)
  }

  console(machine: MachineId, call: Call): Promise<string> {
    return saidOn(this.#options.session, machine, call)
  }

  async prove(call: Call): Promise<void> {
    await this.#options.session.account(call)
  }

  rehearsals(wish: RehearsalWish): Rehearsals {
    const marksOf = (of: LaunchRequest) => this.#sealed(launchMarks(of, this.#options.installation))
    return rehearsalsOn({ ...this.#options, marksOf }, wish)
  }

  async close(): Promise<void> {
    this.#options.onClose()
  }

  /** Machines that this process has not seen yet are looked at before they are ended: they might be a stranger's. */
  async #meet(ids: readonly MachineId[], call: Call): Promise<void> {
    const { session, account, installation } = this.#options
    const found = await instancesIn(session, { ids }, call)
    const ours = found.flatMap(each => machineOf(each, this.#ours) ?? []).filter(isThere)
    account.machines.meet(
      installation,
      ours.map(({ id }) => id),
    )
  }

  async #belongings(owner: ClusterUid, call: Call): Promise<Belongings | undefined> {
    const filters = [installationFilter(this.#options.installation), uidFilter(owner)]
    return (await this.#belongingsIn(filters, call)).get(owner)
  }

  /** An interface that was deleted is not there, whatever a list that lags says. */
  async #belongingsIn(filters: readonly Filter[], call: Call): Promise<ReadonlyMap<ClusterUid, Belongings>> {
    const { session, account } = this.#options
    const found = await belongingsIn(session, filters, this.#ours.isSealed, call)
    return new Map([...found].map(([uid, own]) => [uid, without(own, account.moves.get(uid)?.from)]))
  }

  #noted(error: unknown, offering: Offering): never {
    if (error instanceof CloudError && error.fault === 'no-capacity')
      this.#options.account.outOfStock.note(kindOf(offering))
    this.#withGroups(error)
  }

  #withGroups(error: unknown): never {
    throw this.#options.settings.securityGroups === undefined ? ofOwnGroup(error) : error
  }

  #sealed(tags: Marks): Marks {
    return { ...tags, seal: this.#sealOf(tags) }
  }

  #sealOf(tags: Marks): string {
    return this.#options.seal(sealed(tags))
  }
}
