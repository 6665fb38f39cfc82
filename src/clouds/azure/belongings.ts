import type { Call } from '../../lib/call.ts'
import type { ReservedAddress } from '../../model/machine.ts'
import type { ClusterUid, InstallationId } from '../../model/names.ts'
import type { Owner } from '../contract.ts'
import { letIn } from '../let-in.ts'
import { type Marks, type Ours, ownedBy, ownerIn } from '../marks.ts'
import { isGone } from './faults.ts'
import type { Resources } from './lists.ts'
import { daskAt } from './machines.ts'
import { type Part, partName } from './names.ts'
import { isAsWanted, ruleNames, sourcesOf, wantedRules } from './rules.ts'
import {
  type ApplicationSecurityGroup,
  groupOf,
  idOf,
  type NetworkInterface,
  type NetworkSecurityGroup,
  type PublicIPAddress,
  type ResourceGroup,
  sameId,
  type Thing,
  type VirtualNetwork,
  type Whereabouts,
} from './sdk.ts'
import type { AzureSession } from './session.ts'
import { readTags } from './tags.ts'

/** What a cluster has in a subscription beside its machines, as far as it was seen. */
export interface Belongings {
  readonly owner: Owner
  /** Where it is, in lower case. */
  readonly where: string
  /** Where that group was made for it. */
  readonly group?: ResourceGroup
  readonly interface?: NetworkInterface
  readonly address?: PublicIPAddress
  readonly schedulerRules?: NetworkSecurityGroup
  readonly workerRules?: NetworkSecurityGroup
  readonly members?: ApplicationSecurityGroup
  readonly network?: VirtualNetwork
}

type Piece = Omit<Belongings, 'owner' | 'where'>

/** A copy of the marks fits nothing else: they say which part it is, and where, and there is no other of that name there. */
export const partMarks = (owner: Owner, installation: InstallationId, part: Part, where: string): Marks => ({
  ...ownedBy(owner, installation),
  role: part,
  group: where,
})

const parts = {
  groups: ['group'],
  interfaces: ['scheduler-interface'],
  addresses: ['scheduler-address'],
  rules: ['scheduler-rules', 'worker-rules'],
  members: ['members'],
  networks: ['network'],
} as const satisfies Record<keyof Resources, readonly Part[]>

/** Those of ours, by their owners. */
export function belongingsIn(look: Resources, ours: Ours): ReadonlyMap<ClusterUid, Belongings> {
  const found = new Map<ClusterUid, Belongings>()
  const take = <T extends Thing>(
    things: readonly T[],
    kind: keyof Resources,
    piece: (thing: T, part: Part) => Piece,
  ): void => {
    for (const thing of things) {
      const known = ownPart(thing, kind, ours)
      if (known === undefined) continue
      const own = found.get(known.owner.uid) ?? { owner: known.owner, where: known.where }
      found.set(known.owner.uid, { ...own, ...piece(thing, known.part) })
    }
  }
  take(look.groups, 'groups', group => ({ group }))
  take(look.interfaces, 'interfaces', each => ({ interface: each }))
  take(look.addresses, 'addresses', address => ({ address }))
  take(look.rules, 'rules', (rules, part) =>
    part === 'worker-rules' ? { workerRules: rules } : { schedulerRules: rules },
  )
  take(look.members, 'members', members => ({ members }))
  take(look.networks, 'networks', network => ({ network }))
  return found
}

interface OwnPart {
  readonly owner: Owner
  readonly part: Part
  readonly where: string
}

/** Undefined for a stranger's. */
export function ownPart(thing: Thing, kind: keyof Resources, ours: Ours): OwnPart | undefined {
  const marks = readTags(thing)
  const owner = ownerIn(marks)
  if (owner === undefined || marks.installation !== ours.installation || !ours.isSealed(marks))
    return undefined
  const part = parts[kind].find(each => each === marks.role)
  const where = kind === 'groups' ? sameId(thing.name) : groupOf(thing)
  if (part === undefined || sameId(thing.name) !== partName(owner.uid, part) || marks.group !== where)
    return undefined
  return { owner, part, where }
}

const orNone = <T>(asked: Promise<T>): Promise<readonly T[]> =>
  asked.then(
    found => [found],
    (error: unknown) => {
      if (isGone(error)) return []
      throw error
    },
  )

/** What one cluster has, each thing asked for by its name: unlike a list, that shows what was made a moment ago. */
export async function belongingsOf(
  session: AzureSession,
  { uid, group }: { readonly uid: ClusterUid; readonly group: string },
  ours: Ours,
  call: Call,
): Promise<Belongings | undefined> {
  const { network: net, resources } = session.clients
  const name = (part: Part): string => partName(uid, part)
  const rulesNamed = (part: Part) =>
    orNone(
      session.make('networkSecurityGroups.get', call, each =>
        net.networkSecurityGroups.get(group, name(part), each),
      ),
    )
  const [groups, interfaces, addresses, scheduler, workers, members, networks] = await Promise.all([
    orNone(session.make('resourceGroups.get', call, each => resources.resourceGroups.get(group, each))),
    orNone(
      session.make('networkInterfaces.get', call, each =>
        net.networkInterfaces.get(group, name('scheduler-interface'), each),
      ),
    ),
    orNone(
      session.make('publicIPAddresses.get', call, each =>
        net.publicIPAddresses.get(group, name('scheduler-address'), each),
      ),
    ),
    rulesNamed('scheduler-rules'),
    rulesNamed('worker-rules'),
    orNone(
      session.make('applicationSecurityGroups.get', call, each =>
        net.applicationSecurityGroups.get(group, name('members'), each),
      ),
    ),
    orNone(
      session.make('virtualNetworks.get', call, each =>
        net.virtualNetworks.get(group, name('network'), each),
      ),
    ),
  ])
  const look = { groups, interfaces, addresses, rules: [...scheduler, ...workers], members, networks }
  return belongingsIn(look, ours).get(uid)
}

export const isGoing = ({ group }: Pick<Belongings, 'group'>): boolean =>
  sameId(group?.properties?.provisioningState) === 'deleting'

/** How an address is made, or is to be, in a word: the same for what is the same. */
export const inAWord = (exposure: string, rules: string, ssh: readonly string[]): string =>
  [exposure, rules, ssh.toSorted().join(',')].join(' ').trimEnd()

/** The scheduler's address as it is made, or undefined where it is not there yet, or not any more. */
export function addressOf(
  own: Belongings,
  { subscriptionId }: Pick<Whereabouts, 'subscriptionId'>,
): ReservedAddress | undefined {
  const { owner, where, address } = own
  const [config] = own.interface?.ipConfigurations ?? []
  const host = config?.privateIPAddress
  const subnetId = config?.subnet?.id
  if (isGoing(own) || !host || !subnetId || config.privateIPAllocationMethod !== 'Static') return undefined
  const bound = sameId(config.publicIPAddress?.id)
  const outside = bound !== '' && bound === sameId(address?.id) ? address?.ipAddress : undefined
  const exposure = outside ? 'Public' : bound === '' && address === undefined ? 'Private' : 'Unbound'
  const rules = rulesOf(own, subscriptionId)
  return {
    owner: owner.uid,
    key: owner.key,
    internal: daskAt(host),
    external: daskAt(outside ?? host),
    handle: writeHandle({ group: where, subnetId }),
    network: inAWord(exposure, rules.word, rules.ssh),
    ...(rules.admitted !== undefined && letIn(rules.admitted, rules.viewers)),
  }
}

/** Of our own, whom they let in; `broken` where they are not what the operator makes. */
function rulesOf(own: Belongings, subscriptionId: string) {
  const { owner, where, schedulerRules, workerRules } = own
  const worn = sameId(own.interface?.networkSecurityGroup?.id)
  if (schedulerRules === undefined || worn !== sameId(schedulerRules.id))
    return { word: worn === '' ? 'none' : worn, ssh: [], admitted: undefined, viewers: [] }
  const admitted = sourcesOf(schedulerRules, ruleNames.dask)
  const viewers = sourcesOf(schedulerRules, ruleNames.dashboard)
  const ssh = sourcesOf(schedulerRules, ruleNames.ssh)
  const members = idOf(
    { subscriptionId, group: where },
    'applicationSecurityGroups',
    partName(owner.uid, 'members'),
  )
  const admission = { admitted, viewers, ssh, members }
  const isWhole =
    workerRules !== undefined &&
    isAsWanted(schedulerRules, wantedRules('scheduler-rules', admission)) &&
    isAsWanted(workerRules, wantedRules('worker-rules', admission))
  return { word: isWhole ? 'own' : 'broken', ssh, admitted, viewers }
}

/** Where machines of a cluster are put; records keep it, so that a launch is sent again alike. */
export interface Handle {
  readonly group: string
  readonly subnetId: string
}

const writeHandle = ({ group, subnetId }: Handle): string => `${group} ${subnetId}`

export function readHandle(written: string | undefined): Handle | undefined {
  const [group, subnetId] = (written ?? '').split(' ')
  return group && subnetId ? { group, subnetId } : undefined
}
