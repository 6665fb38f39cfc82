import type { Call } from '../../lib/call.ts'
import type { Exposure } from '../../model/cluster.ts'
import type { ReservedAddress } from '../../model/machine.ts'
import type { ClusterUid, InstallationId } from '../../model/names.ts'
import type { Owner } from '../contract.ts'
import { letIn } from '../let-in.ts'
import { type Marks, type Ours, ownedBy, ownerIn } from '../marks.ts'
import { isGone } from './faults.ts'
import { aggregatedIn, daskAt, everyPage } from './machines.ts'
import { readMarks } from './marks.ts'
import { firewallParts, type Part, partName } from './names.ts'
import { isAsWanted, wantedRules } from './rules.ts'
import { type Address, type Firewall, lastOf, pathOf } from './sdk.ts'
import type { GcpSession } from './session.ts'
import type { GcpSettings } from './settings.ts'

/** What a cluster has in the project beside its machines, as far as lists show it. */
export interface Belongings {
  readonly owner: Owner
  readonly internal: Address | undefined
  readonly external: Address | undefined
  readonly firewalls: readonly Firewall[]
}

const addressFields = 'name,address,status,region,description,subnetwork'
const firewallFields =
  'items(name,description,direction,disabled,network,allowed,sourceRanges,sourceTags,targetTags),nextPageToken'

/** Names of everything that is made for clusters. */
const filter = 'name eq dask-[0-9a-f-]+-.*'

/** Everything of ours, all pages, in two lists side by side. */
export async function belongingsIn(
  session: GcpSession,
  ours: Ours,
  call: Call,
): Promise<ReadonlyMap<ClusterUid, Belongings>> {
  const [addresses, firewalls] = await Promise.all([addressesIn(session, call), firewallsIn(session, call)])
  return sorted([...addresses, ...firewalls], ours)
}

/** What one cluster has, each thing asked for by its name: unlike a list, that shows what was made a moment ago. */
export async function belongingsOf(
  session: GcpSession,
  { uid, region }: { readonly uid: ClusterUid; readonly region: string },
  ours: Ours,
  call: Call,
): Promise<Belongings | undefined> {
  const things = await Promise.all([
    ...addressParts.map(part => addressNamed(session, region, partName(uid, part), call)),
    ...firewallParts.map(part => firewallNamed(session, partName(uid, part), call)),
  ])
  return sorted(
    things.filter(each => each !== undefined),
    ours,
  ).get(uid)
}

const addressParts = ['internal', 'external'] as const
const parts: readonly Part[] = [...addressParts, ...firewallParts]

/** Those of ours, by their owners. */
function sorted(things: readonly (Address | Firewall)[], ours: Ours): ReadonlyMap<ClusterUid, Belongings> {
  const found = new Map<ClusterUid, Belongings>()
  for (const thing of things) {
    const marks = readMarks(thing.description)
    const owner = ownerIn(marks)
    if (owner === undefined || marks.installation !== ours.installation || !ours.isSealed(marks)) continue
    const part = parts.find(each => each === marks.role)
    if (part === undefined || thing.name !== partName(owner.uid, part) || marks.group !== whereIs(thing))
      continue
    const own = found.get(owner.uid) ?? { owner, internal: undefined, external: undefined, firewalls: [] }
    found.set(owner.uid, withThing(own, part, thing))
  }
  return found
}

/** A copy of the marks fits nothing else: they say which part it is, and where, and there is no other of that name there. */
export const partMarks = (owner: Owner, installation: InstallationId, part: Part, where: string): Marks => ({
  ...ownedBy(owner, installation),
  role: part,
  group: where,
})

/** The region of an address, the network of a rule. */
const whereIs = (thing: Address | Firewall): string =>
  'network' in thing && thing.network ? pathOf(thing.network) : 'region' in thing ? lastOf(thing.region) : ''

function withThing(own: Belongings, part: Part, thing: Address | Firewall): Belongings {
  if (part === 'internal') return { ...own, internal: thing }
  if (part === 'external') return { ...own, external: thing }
  return { ...own, firewalls: [...own.firewalls, thing] }
}

const orNone = <T>(asked: Promise<readonly [T, ...unknown[]]>): Promise<T | undefined> =>
  asked.then(
    ([found]) => found,
    (error: unknown) => {
      if (isGone(error)) return undefined
      throw error
    },
  )

const addressNamed = (session: GcpSession, region: string, address: string, call: Call) =>
  orNone<Address>(
    session.make('addresses.get', call, options =>
      session.clients.addresses.get({ project: session.project, region, address }, options),
    ),
  )

const firewallNamed = (session: GcpSession, firewall: string, call: Call) =>
  orNone<Firewall>(
    session.make('firewalls.get', call, options =>
      session.clients.firewalls.get({ project: session.project, firewall }, options),
    ),
  )

async function addressesIn(session: GcpSession, call: Call): Promise<readonly Address[]> {
  const scopes = await aggregatedIn(session, 'addresses', { filter, fields: addressFields }, call)
  return scopes.flatMap(({ addresses }) => addresses ?? [])
}

const firewallsIn = (session: GcpSession, call: Call): Promise<readonly Firewall[]> =>
  everyPage(async token => {
    const { project, clients } = session
    const asked = { project, filter, maxResults: 500, ...(token && { pageToken: token }) }
    const [found, , answer] = await session.make(
      'firewalls.list',
      call,
      options => clients.firewalls.list(asked, options),
      { fields: firewallFields },
    )
    return { found, next: answer?.nextPageToken || undefined }
  })

/** How an address is made, or is to be, in a word: the same for what is the same. */
const inAWord = (exposure: string, rules: string, ssh: readonly string[]): string =>
  [exposure, rules, ssh.toSorted().join(',')].join(' ').trimEnd()

export const wantedNetwork = ({ firewall, sshCIDRs }: GcpSettings, exposure: Exposure): string =>
  inAWord(exposure, firewall === 'Managed' ? 'own' : 'none', sshCIDRs)

/**
 * The scheduler's address as it is made, or undefined where it is not there yet. `scheduler` is the address from outside
 * that its machine has, where there is a machine.
 */
export function addressOf(
  own: Belongings,
  scheduler: { readonly external: string | undefined } | undefined,
): ReservedAddress | undefined {
  const { owner, internal: kept, external, firewalls } = own
  const { address: internal, subnetwork } = kept ?? {}
  if (kept === undefined || !internal || !subnetwork) return undefined
  const isUnbound = scheduler !== undefined && scheduler.external !== external?.address
  const exposure = isUnbound ? 'Unbound' : external === undefined ? 'Private' : 'Public'
  const rules = rulesIn(own)
  return {
    owner: owner.uid,
    key: owner.key,
    internal: daskAt(internal),
    external: daskAt(external?.address || internal),
    handle: `${pathOf(subnetwork)} ${lastOf(kept.region)}`,
    network: inAWord(exposure, rules.word, rules.ssh),
    ...(firewalls.length > 0 ? letIn(rules.admitted, rules.viewers) : {}),
  }
}

/** What the rules let in, and whether they are whole. */
function rulesIn({ owner, firewalls }: Belongings) {
  const rangesOf = (part: Part): readonly string[] =>
    firewalls.find(({ name }) => name === partName(owner.uid, part))?.sourceRanges ?? []
  const admitted = [...rangesOf('scheduler'), ...rangesOf('scheduler-v6')].toSorted()
  const viewers = [...rangesOf('dashboard'), ...rangesOf('dashboard-v6')].toSorted()
  const ssh = rangesOf('ssh')
  const wanted = wantedRules(owner.uid, { admitted, viewers, ssh })
  const isWhole =
    firewalls.length === wanted.length &&
    wanted.every(rule =>
      firewalls.some(each => each.name === partName(owner.uid, rule.part) && isAsWanted(each, rule)),
    )
  return { word: firewalls.length === 0 ? 'none' : isWhole ? 'own' : 'partial', admitted, viewers, ssh }
}

/** Where the scheduler's address is, as its handle says it. */
export function readHandle(
  handle: string | undefined,
): { readonly subnetwork: string; readonly region: string } | undefined {
  const [subnetwork, region] = (handle ?? '').split(' ')
  return subnetwork && region ? { subnetwork, region } : undefined
}
